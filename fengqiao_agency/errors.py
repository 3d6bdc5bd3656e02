"""Errors of the library, each with a Chinese and an English sentence. No sentence repeats the data of an event."""


class AgencyError(Exception):
    """接入工具的错误。 / Base class of the errors of this library."""

    @property
    def zh(self) -> str:
        return self.args[0]

    @property
    def en(self) -> str:
        return self.args[1]

    def __str__(self):
        return f"{self.zh}\n{self.en}"


class NotValid(AgencyError):
    """An event does not match the limits of the envelope or its schema. `field` is the path of the first wrong field."""

    def __init__(self, event_type, field, zh, en):
        super().__init__(f"{event_type}：字段“{field}”{zh}。请更正后重新上报。", f"{event_type}: field “{field}” {en}. Correct it and report again.")
        self.field = field


class TooLarge(AgencyError):
    """An event exceeds the size limit."""

    def __init__(self, size, limit):
        super().__init__(
            f"事件有 {size} 字节，超过 {limit} 字节的上限。材料请只报送其哈希值。",
            f"The event has {size} bytes, more than the {limit} allowed. Report the hash of a document instead of the document.",
        )


class IdAlreadyUsed(AgencyError):
    """An event id was already used for an event with other content."""

    def __init__(self, event_id):
        super().__init__(
            f"编号 {event_id} 已用于内容不同的事件。更正请用 report.corrected 另行上报。",
            f"The id {event_id} was already used for an event with other content. Report a correction as report.corrected with a new id.",
        )


class NotConfigured(AgencyError):
    """A setting is missing or invalid."""

    def __init__(self, name, zh, en):
        super().__init__(f"缺少设置 {name} 或其值无效：{zh}。", f"The setting {name} is missing or invalid: {en}.")
