"""`/docs`: the OpenAPI description as a page for people, without a script."""

from collections.abc import Iterator, Mapping
from typing import Any

#: What a path of the description holds besides operations.
METHODS = ("get", "post", "put", "patch", "delete")


def reference_fields(openapi: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows of *openapi*, grouped by tag in its order."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in openapi["paths"].items():
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                tag = (operation.get("tags") or ["Other"])[0]
                groups.setdefault(tag, []).append(
                    {
                        "method": method.upper(),
                        "path": path,
                        "summary": operation.get("summary", ""),
                        "scope": operation.get("x-scope"),
                        "inputs": list(_inputs(operation)),
                    }
                )
    return {
        "title": openapi["info"]["title"],
        "description": openapi["info"]["description"].strip().split("\n\n"),
        "groups": list(groups.items()),
    }


def _inputs(operation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] != "path":
            yield {
                "name": parameter["name"],
                "where": parameter["in"],
                "required": parameter.get("required", False),
                "description": parameter.get("description", ""),
            }
    body = operation.get("requestBody", {}).get("content", {})
    for media_type, content in body.items():
        schema = content["schema"]
        for name, field in schema.get("properties", {}).items():
            yield {
                "name": name,
                "where": media_type,
                "required": name in schema.get("required", ()),
                "description": field.get("description", ""),
            }
