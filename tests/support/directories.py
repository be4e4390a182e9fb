"""One tenant's academic directory, over HTTP."""


class Directory:
    """One tenant's directory, as its clients see it."""

    def __init__(self, tenant):
        self.client = tenant.client
        self.client.headers["X-Tenant"] = tenant.slug
        self.made = 0

    def body(self, resource, given=()):
        """Return what makes one more of *resource*, and makes what that needs."""
        self.made += 1
        n = self.made
        match resource:
            case "institutions":
                return {"name": f"Institution {n}", "country": "PT"}
            case "organizations" | "modules" | "courses":
                return {"name": f"Name {n}", "institution_uuid": self("institutions")}
            case "cohorts":
                return {"code": f"G{n}", "course_uuid": self("courses")}
            case "students":
                return {
                    "name": f"Student {n}",
                    "email": f"student{n}@example.com",
                    "date_of_birth": "2001-02-03",
                }
            case "enrollments":
                needed = {"student_uuid": "students", "course_uuid": "courses"}
                return {
                    "enrolled_at": "2024-02-01",
                    **{
                        field: self(target)
                        for field, target in needed.items()
                        if field not in given
                    },
                }

    def __call__(self, resource, **more):
        """Make one more; return its UUID."""
        return self.post(resource, **more)["uuid"]

    def post(self, resource, **more):
        """Make one more; return it."""
        body = {**self.body(resource, more), **more}
        answer = self.client.post(f"/{resource}", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    def errors(self, method, path, **sent):
        """Ask what is refused as a whole with 422; return its errors."""
        answer = self.client.request(method, path, **sent)
        assert answer.status_code == 422, answer.text
        assert answer.json()["success"] is False
        assert answer.json()["message"] == "The given data was invalid."
        return answer.json()["errors"]

    def listed(self, path, **parameters):
        """Return a page: its entries, and its meta."""
        answer = self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"], answer.json()["meta"]

    def destroy(self, resource, *uuids):
        """Ask for many to be deleted."""
        return self.client.request(
            "DELETE", f"/{resource}/batch/destroy", json={"uuids": uuids}
        )
