"""What can be the matter, in Chinese and English. No sentence ever repeats what an event says about people."""


class AgencyError(Exception):
    """出了问题。 / Something is the matter."""

    @property
    def zh(self) -> str:
        return self.args[0]

    @property
    def en(self) -> str:
        return self.args[1]

    def __str__(self):
        return f"{self.zh}\n{self.en}"


class NotValid(AgencyError):
    """The event does not match its schema: `field` says where."""

    def __init__(self, event_type, field, zh, en):
        super().__init__(f"{event_type}：字段“{field}”{zh}。请更正后重新上报。", f"{event_type}: field “{field}” {en}. Correct it and report again.")
        self.field = field


class TooLarge(AgencyError):
    """The event is larger than an event may be."""

    def __init__(self, size, limit):
        super().__init__(
            f"事件有 {size} 字节，超过 {limit} 字节的上限。材料请只报送其哈希值。",
            f"The event has {size} bytes, more than the {limit} allowed. Send hashes of documents, not documents.",
        )


class AlreadySaidOtherwise(AgencyError):
    """The same id was used for other content."""

    def __init__(self, event_id):
        super().__init__(
            f"编号 {event_id} 已用于内容不同的事件。更正请用 report.corrected 另行上报。",
            f"The id {event_id} was already used with other content. Report a correction as report.corrected with an id of its own.",
        )


class NotConfigured(AgencyError):
    """A setting is missing or unreadable."""

    def __init__(self, name, zh, en):
        super().__init__(f"缺少或无法识别设置 {name}：{zh}。", f"The setting {name} is missing or unreadable: {en}.")
