"""Errors of the client library, each with a Chinese and an English sentence. No sentence contains data of an event, which may be personal."""


class AgencyError(Exception):
    """Base class of the errors of the client library. The arguments are the Chinese and the English sentence."""

    @property
    def zh(self) -> str:
        return self.args[0]

    @property
    def en(self) -> str:
        return self.args[1]

    def __str__(self):
        return f"{self.zh}\n{self.en}"


class NotValid(AgencyError):
    """The event breaks a limit of the envelope or a rule of its JSON Schema. `field` is the path of the first wrong field."""

    def __init__(self, event_type, field, zh, en):
        super().__init__(f"{event_type}：字段“{field}”{zh}。请更正后重新上报。", f"{event_type}: field “{field}” {en}. Correct it and report again.")
        self.field = field


class TooLarge(AgencyError):
    """The event exceeds the size limit."""

    def __init__(self, size, limit):
        super().__init__(
            f"事件有 {size} 字节，超过 {limit} 字节的上限。材料请只报送其哈希值。",
            f"The event has {size} bytes, more than the {limit} allowed. Report the hash of a document instead of the document.",
        )


class IdAlreadyUsed(AgencyError):
    """The event id was already used for an event with other content."""

    def __init__(self, event_id):
        super().__init__(
            f"编号 {event_id} 已用于内容不同的事件。更正请用 report.corrected 另行上报。",
            f"The id {event_id} was already used for an event with other content. Report a correction as report.corrected with a new id.",
        )


class NotConfigured(AgencyError):
    """A setting (environment variable or argument) is missing or invalid."""

    def __init__(self, name, zh, en):
        super().__init__(f"缺少设置 {name} 或其值无效：{zh}。", f"The setting {name} is missing or invalid: {en}.")
