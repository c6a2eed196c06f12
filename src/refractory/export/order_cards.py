"""The cards of an assessment for who orders a drug: one for each order that is to be thought over, and none else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from refractory.export.card_parts import block, listed
from refractory.export.card_writer import AVOID, CardWriter, Occasion, cited
from refractory.export.cards import warns_of_order
from refractory.export.cds_services import CdsServices
from refractory.export.fhir_parts import Json
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.model.findings import Recommendation, Resistance
from refractory.vocabulary import rfy

_RECOMMEND = "Recommend"


@dataclass(frozen=True)
class Order:
    """A draft order, as far as it is read.

    Attributes:
        number: Its place among the drafts.
        reference: Type and id by which the client knows it; empty if it has none.
        drug: The drug that it gives.
        route: The way it is given; empty if that is not said by a code.
    """

    number: int
    reference: str
    drug: str
    route: str = ""


def order_cards(
    assessment: Assessment,
    knowledge: Knowledge,
    services: CdsServices,
    occasion: Occasion,
    orders: Sequence[Order],
) -> list[Json]:
    """Return a warning for each order of a drug that the virus resists, or is held to resist, or that is to be avoided.

    An order is warned of even where another action recommends the same drug: the two then stand in a conflict, which
    the card shows, and which a person decides.

    Args:
        assessment: The assessment, of a day that is known; the orders are no facts of it.
        knowledge: What it was made with.
        services: How an order is checked.
        occasion: The call that is answered.
        orders: The orders.
    """
    writer = _Check(assessment, knowledge, services, occasion)
    return [card for order in orders for card in writer.of(order)]


@dataclass(frozen=True)
class _Check(CardWriter):
    def of(self, order: Order) -> Iterator[Json]:
        """Yield the warning of an order, if there is reason for one."""
        statuses = [
            item
            for item in self.assessment.resistance
            if item.drug == order.drug and warns_of_order(self.knowledge, item.status)
        ]
        avoided = [item for item in self.assessment.recommendations if self._speaks_of(item, order)]
        if statuses or avoided:
            yield self._card(order, statuses, avoided)

    def _speaks_of(self, advice: Recommendation, order: Order) -> bool:
        """Say whether an action that is to be avoided gives the patient what the order would."""
        if advice.kind != AVOID or advice.drug is None or not self._acting(advice.drug) & self._acting(order.drug):
            return False
        way = advice.regimen.route if advice.regimen else None
        return not (way and order.route) or way == order.route

    def _acting(self, drug: str) -> frozenset[str]:
        """Return by what a drug acts: what the body turns it into, or else itself."""
        forms = self.knowledge.subjects(rfy("isActiveFormOf"), rfy(drug))
        return frozenset(term.value for term in forms or (rfy(drug),))

    def _card(self, order: Order, statuses: Sequence[Resistance], avoided: Sequence[Recommendation]) -> Json:
        answer, words = self.assessment, self.words
        drug = words.label(order.drug)
        recommended = [item for item in answer.recommendations if item.kind == _RECOMMEND and item.drug]
        wanted = [item for item in answer.recommendations if item.kind != AVOID and self._gives_the_same(item, order)]
        concerned = {item.action for item in (*avoided, *wanted)}
        conflicts = [c for c in answer.conflicts if concerned & {*c.between, c.about}]
        status_lines = [line for status in statuses for line in self._status(status)]
        said = [
            *block(
                f"The order: {drug}", status_lines or ["No status of resistance that would warn of this drug itself."]
            ),
            "",
            *self.actions(avoided),
            *self.conflicts(conflicts),
            *block("Cautions", map(self.noted, answer.cautions)),
            *block("What is recommended in this case", map(self._recommended, recommended)),
        ]
        name = f"order.{order.reference or order.number}"
        told = "; ".join(f"resistance {words.label(status.status)}{_both(status)}" for status in statuses)
        begin = f"Order of {drug}: {told}. " if told else f"Order of {drug}. "
        # The summary may be too short for all: what speaks of this very drug first, then what speaks for it.
        of_it = [item for item in avoided if item.drug == order.drug]
        named = (*of_it, *wanted, *(item for item in avoided if item not in of_it))
        heads = [(self.head(item), words.label(item.action)) for item in named]
        return self.card(
            name,
            listed(heads, begin).strip(),
            self.services.order.indicator,
            said=said,
            rests_on=cited(statuses, avoided, conflicts, answer.cautions),
            # Where the drug is also advised, a click would choose, and a person is to.
            suggestions=[self._withdrawal(order, name, drug)] if order.reference and not wanted else (),
            override=True,
        )

    def _gives_the_same(self, advice: Recommendation, order: Order) -> bool:
        return advice.drug is not None and bool(self._acting(advice.drug) & self._acting(order.drug))

    def _status(self, status: Resistance) -> Iterator[str]:
        words = self.words
        said = f"Status of resistance: {self.status(status)}. {words.defined(status.status)}"
        yield f"{said} {words.places(status.statements)}"
        known = {
            "Heightened by": words.labels(status.heightened_by),
            "Results for it": str(len(status.results_for) or ""),
            "Results against it": str(len(status.results_against) or ""),
        }
        yield from (f"{name}: {text}" for name, text in known.items() if text)

    def _recommended(self, advice: Recommendation) -> str:
        return f"{self.title(advice)} {self.words.places(advice.statements)}".rstrip()

    def _withdrawal(self, order: Order, name: str, drug: str) -> Json:
        action = {
            "type": "delete",
            "description": f"Remove the draft order of {drug}.",
            "resourceId": order.reference,
        }
        return {"label": f"Remove the order of {drug}", "uuid": self.id(f"{name}.remove"), "actions": [action]}


def _both(status: Resistance) -> str:
    return " (results for it and against it)" if status.results_for and status.results_against else ""
