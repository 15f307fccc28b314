"""What is sent: the words of a case, and their form for each kind of receiver."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

from fabwatch.terms.clock import iso
from fabwatch.terms.settings.alerting import ChannelSettings
from fabwatch.terms.words import sentence as say

PAGES = {"failed": "/tools/", "limit": "/tools/", "out_of_spec": "/tools/", "window": "/tools/", "charts": "/tools/",
         "faults": "/tools/", "model": "/models/"}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """A message of a case in one language."""

    case: str
    number: int
    rule: str
    subject: str
    area: str | None
    text: str
    opened_at: datetime
    address: str
    """Where the pages are; empty if that is not stated."""
    language: str = "en"

    @property
    def mark(self) -> str:
        """What makes the message another than all others: a receiver that gets it twice can tell."""
        return f"{self.case}.{self.number}"

    @property
    def link(self) -> str:
        """The page of what it is about; empty if that is not known."""
        if not self.address:
            return ""
        return self.address.rstrip("/") + (
            PAGES[self.rule] + quote(self.subject, safe="") if self.rule in PAGES else "/alerts"
        )

    @property
    def title(self) -> str:
        """One line."""
        rule = say(self.language, f"alert_rule_{self.rule}")
        again = say(self.language, "alert_again") + " " if self.number else ""
        return f"{again}{self.subject}: {rule}"

    @property
    def body(self) -> str:
        """A few lines."""
        since = say(self.language, "alert_since", at=iso(self.opened_at))
        end = say(self.language, "alert_seen", case=self.case)
        return "\n".join(line for line in (self.text, since, self.link, "", end) if line or line == "")


def mail(words: Words, channel: ChannelSettings) -> EmailMessage:
    """The message as a mail; what stands in its head is one line."""
    made = EmailMessage()
    made["Subject"] = " ".join(f"[fabwatch] {words.title}".split())[:200]
    made["From"], made["To"] = channel.sender, ", ".join(channel.to)
    made["Message-ID"] = f"<{words.mark}.{int(words.opened_at.timestamp())}@fabwatch>"
    made["X-Fabwatch-Case"] = words.mark
    made.set_content(words.body)
    return made


def body_of(words: Words, form: str) -> dict[str, Any]:
    """The message as a webhook of that form takes it."""
    if form == "slack":
        link = f"\n<{words.link}>" if words.link else ""
        return {"text": f"*{_slack(words.title)}*\n{_slack(words.text)}{link}"}
    if form == "mattermost":
        return {"text": f"**{words.title}**\n{words.text}" + (f"\n{words.link}" if words.link else "")}
    if form == "teams":
        blocks = [
            {"type": "TextBlock", "weight": "Bolder", "wrap": True, "text": words.title},
            {"type": "TextBlock", "wrap": True, "text": words.text},
        ]
        card: dict[str, Any] = {"type": "AdaptiveCard", "version": "1.4", "body": blocks}
        if words.link:
            card["actions"] = [{"type": "Action.OpenUrl", "title": words.subject, "url": words.link}]
        content = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
        return {"type": "message", "attachments": [content]}
    return {
        "case": words.case,
        "number": words.number,
        "rule": words.rule,
        "subject": words.subject,
        "area": words.area,
        "title": words.title,
        "text": words.text,
        "opened_at": iso(words.opened_at),
        "link": words.link or None,
    }


def _slack(text: str) -> str:
    """Text without what Slack reads as markup of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
