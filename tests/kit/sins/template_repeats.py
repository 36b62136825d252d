"""A template whose answer is lost is created once more."""

from acme_sms import Acme

from bridge.plugin import Channel, CreatedTemplate, OutcomeUnknown, TextTemplate, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def create_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        try:
            return self._created(template)
        except OutcomeUnknown:
            return self._created(template)

    def _created(self, template: TextTemplate) -> CreatedTemplate:
        return CreatedTemplate(self._call("POST", "/templates", {"text": template.content})["id"])


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
