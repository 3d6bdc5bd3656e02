"""The AsyncAPI 3.0 document: what agencies report and receive; with `inside`, also what our services publish to each other."""

from contracts.answers import NOTICES, RECEIPTS
from contracts.channels import AGENCIES_EXCHANGE, STREAMS, exchange_of
from contracts.county import AGENCIES, COUNTY, ROLES
from contracts.events import AGENCY_EVENTS, DOMAIN_EVENTS, SEALED_EVENTS
from contracts.fields import DISPUTE_CODE, EVENT_ID, SOURCE
from contracts.json_schema import definition_of, schemas_of
from contracts.rows import EventType
from contracts.samples import DISPUTE

VHOST = "fengqiao"
BINDING = "0.3.0"
MEDIA = "application/cloudevents+json"
SCHEMAS = "#/components/schemas"


def document(inside: bool = False, neutral: bool = False) -> dict:
    """Return the document. `neutral`: fits every county; else codes of agencies and townships are those of this one."""
    channels = {"agencies": AGENCY_EVENTS, "inbox": RECEIPTS | NOTICES}
    if inside:
        published = [*DOMAIN_EVENTS.values(), *SEALED_EVENTS.values()]
        channels |= {stream: {row.type: row for row in published if row.stream == stream} for stream in STREAMS}
        channels = {name: rows for name, rows in channels.items() if rows}
    rows = [row for rows in channels.values() for row in rows.values()]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "枫桥 Fengqiao" if neutral else f"枫桥 Fengqiao · {COUNTY.zh} {COUNTY.en}",
            "version": "1.0.0",
            "description": "县域矛盾纠纷多元化解：各机构以事件互通。字段只增不改，含义变化即为新的事件类型。\n\n"
            "A county's dispute-resolution agencies, linked by events. Fields may be added, never renamed; a new meaning is a new type.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": MEDIA,
        "servers": {
            "county": {
                "host": "{host}:5671",
                "protocol": "amqps",
                "protocolVersion": "0.9.1",
                "pathname": f"/{VHOST}",
                "description": "县级消息服务，每个机构一个账户。The county's broker; one user per agency.",
                "variables": {"host": {"default": "localhost"}},
            }
        },
        "channels": {name: _channel(name, rows, neutral) for name, rows in channels.items()},
        "operations": {_operation(name): _operations(name) for name in channels},
        "components": {
            "messages": {definition_of(row): _message(row) for row in rows},
            "messageTraits": {"CloudEvent": {"contentType": MEDIA, "bindings": {"amqp": {"bindingVersion": BINDING}}}},
            "schemas": {"CloudEvent": CLOUD_EVENT, **schemas_of(rows, SCHEMAS, neutral)},
        },
    }


def _channel(name: str, rows: dict[str, EventType], neutral: bool) -> dict:
    messages = {definition_of(row): {"$ref": f"#/components/messages/{definition_of(row)}"} for row in rows.values()}
    agency = {"description": "机构代码 the agency's code"} | ({"examples": [next(iter(AGENCIES))]} if neutral else {"enum": list(AGENCIES)})
    type_ = {"description": "事件类型 the event's type", "enum": list(rows)}
    if name == "agencies":
        return {
            "address": "{agency}.{type}",
            "title": "机构上报 what agencies report",
            "description": "每个机构只能以自己的代码为前缀发布。An agency publishes under its own code only.",
            "parameters": {"agency": agency, "type": type_},
            "messages": messages,
            "bindings": _exchange(AGENCIES_EXCHANGE),
        }
    if name == "inbox":
        queue = {"name": "agency.{agency}", "durable": True, "exclusive": False, "autoDelete": False, "vhost": f"/{VHOST}"}
        return {
            "address": "agency.{agency}",
            "title": "机构收件队列 an agency's inbox",
            "description": "回执与通知。Receipts and notices.",
            "parameters": {"agency": agency},
            "messages": messages,
            "bindings": {"amqp": {"is": "queue", "queue": queue, "bindingVersion": BINDING}},
        }
    return {
        "address": "{partition}.{type}",
        "title": f"{name} 的领域事件 what {name} publishes",
        "description": "仅供内部服务；不含个人信息。Between our services only; no personal data.",
        "parameters": {"partition": {"description": "crc32(编码) % 分区数。crc32(code) % partitions"}, "type": type_},
        "messages": messages,
        "bindings": _exchange(exchange_of(name)),
    }


def _exchange(name: str) -> dict:
    exchange = {"name": name, "type": "topic", "durable": True, "autoDelete": False, "vhost": f"/{VHOST}"}
    return {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": BINDING}}


def _operation(channel: str) -> str:
    return {"agencies": "agencyReports", "inbox": "agencyReceives"}.get(channel, f"{channel}Publishes")


def _operations(channel: str) -> dict:
    if channel == "inbox":
        return {"action": "receive", "summary": "机构接收回执与通知 an agency takes its receipts and notices", "channel": {"$ref": "#/channels/inbox"}}
    summary = "机构上报事件 an agency reports" if channel == "agencies" else f"{channel} 发布领域事件 {channel} publishes"
    return {"action": "send", "summary": summary, "channel": {"$ref": f"#/channels/{channel}"}}


def _message(row: EventType) -> dict:
    roles = sorted(row.allowed_roles)
    who = "、".join(ROLES[role][0] for role in roles) or row.stream
    who_en = ", ".join(ROLES[role][1] for role in roles) or row.stream
    data = {"$ref": f"{SCHEMAS}/{definition_of(row)}"}
    return {
        "name": row.type,
        "title": row.zh,
        "summary": row.en,
        "description": f"由{who}上报。 | Reported by: {who_en}." if roles else f"由 {who} 发布。 | Published by {who_en}.",
        "traits": [{"$ref": "#/components/messageTraits/CloudEvent"}],
        "payload": {"allOf": [{"$ref": f"{SCHEMAS}/CloudEvent"}, {"properties": {"type": {"const": row.type}, "data": data}}]},
        "examples": [{"name": "example", "payload": envelope(row)}],
        "x-roles": roles,
    }


def envelope(row: EventType) -> dict:
    """Return the example as it travels: a CloudEvent in structured mode."""
    is_inside = row.stream in STREAMS and row.type not in (*RECEIPTS, *NOTICES)
    source = f"/services/{row.stream}" if not row.allowed_roles else "/agencies/" + _first_agency(row)
    return {
        "specversion": "1.0",
        "id": f"{DISPUTE}/3" if is_inside else "2026-0042",
        "source": source,
        "type": row.type,
        "subject": DISPUTE,
        "time": "2026-03-04T03:00:00+00:00",
        "datacontenttype": "application/json",
        "dataschema": row.dataschema,
        **({"sequence": "3", "causationid": "dm-2026-0007"} if is_inside else {}),
        "data": row.example,
    }


def _first_agency(row: EventType) -> str:
    return next((code for code, agency in AGENCIES.items() if agency.role in row.allowed_roles), next(iter(AGENCIES)))


CLOUD_EVENT = {
    "type": "object",
    "description": "CloudEvents 1.0",
    "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "pattern": EVENT_ID, "description": "同一source内唯一；重发须用同一id。 | Unique per source; a repeat keeps it."},
        "source": {"type": "string", "pattern": SOURCE, "description": "上报机构或者服务。 | The agency or service that publishes it."},
        "type": {"type": "string", "description": "事件类型。 | The event's type."},
        "subject": {
            "type": "string",
            "description": f"纠纷编码（{DISPUTE_CODE}）；尚无编码时为本机构的report_no。 | The dispute's code; the agency's own report_no before it knows the code.",
        },
        "time": {"type": "string", "format": "date-time", "description": "事情发生的时间。 | When it happened in the world."},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string", "description": "数据结构的版本。 | The version of the data's schema."},
        "sequence": {
            "type": "string",
            "pattern": "^[1-9][0-9]*$",
            "description": "同一source、同一subject内从1起连续；仅内部事件有。 | 1, 2, 3 … per source and subject; inside only.",
        },
        "causationid": {"type": "string", "description": "引起本事件的事件id。 | The id of the event that caused this one."},
        "traceparent": {"type": "string", "description": "W3C追踪上下文。 | W3C trace context."},
        "data": {"type": "object"},
    },
}
