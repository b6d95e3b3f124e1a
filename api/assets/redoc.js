// Starts ReDoc. A file of its own, because the policy of the page runs no script within it.
const fontFamily = 'system-ui, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';

Redoc.init(
  "openapi.json",
  {
    theme: {
      typography: {
        fontFamily,
        headings: { fontFamily },
        code: { fontFamily: 'ui-monospace, "Cascadia Mono", Menlo, "Liberation Mono", monospace' },
      },
    },
  },
  document.querySelector("main"),
);
