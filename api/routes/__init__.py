"""The routers, hot ones first: each route that is tried before the right one costs some microseconds."""

from fastapi.routing import APIRoute

from api.routes import (
    annual_reports,
    assessments,
    auditors,
    certificates,
    clients,
    code_lists,
    compliance_cases,
    enrolments,
    events,
    findings,
    forecast,
    health,
    jobs,
    me,
    oauth,
    organisations,
    projects,
    register,
    standards,
    statistics,
    test_clocks,
    webhooks,
    work_queue,
)

ROUTERS = [
    certificates.router,
    assessments.router,
    organisations.router,
    enrolments.router,
    annual_reports.router,
    findings.router,
    compliance_cases.router,
    events.router,
    webhooks.router,
    webhooks.deliveries,
    register.router,
    projects.router,
    standards.router,
    statistics.router,
    forecast.router,
    work_queue.router,
    me.router,
    clients.router,
    auditors.router,
    oauth.router,
    jobs.router,
    test_clocks.router,
    code_lists.router,
    health.router,
]

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
