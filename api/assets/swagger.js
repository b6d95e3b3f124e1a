// Starts Swagger UI. A file of its own, because the policy of the page runs no script within it.
SwaggerUIBundle({
  url: "openapi.json",
  domNode: document.querySelector("main"),
  layout: "BaseLayout",
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  // A key typed here is gone with the page, and nothing is sent to a validator elsewhere.
  persistAuthorization: false,
  validatorUrl: null,
});
