"""What schemathesis has to be told before it draws (`SCHEMATHESIS_HOOKS`): a workbook goes out as the bytes that it is."""

import schemathesis

schemathesis.serializer.alias(
    ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"], "application/octet-stream"
)
