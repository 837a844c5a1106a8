"""What an energy per inference means for a battery and a bill."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.artifacts.figures import Note


@dataclass(frozen=True, slots=True)
class Duty:
    """How a board will be used; None is what is not known.

    A full battery in watt hours; one inference every `every_s` seconds and `sleep_w` watts in
    between; the price of a kilowatt hour in any currency.
    """

    battery_wh: float | None = None
    every_s: float | None = None
    sleep_w: float | None = None
    price_per_kwh: float | None = None


def duty_note(seconds: float, duty: Duty) -> Note | None:
    """Why there is no mean power and no battery's life for the use that was told, if so."""
    if duty.every_s is None:
        return None
    if duty.every_s < seconds:
        text = (
            f"one inference takes {seconds:.3g} s, longer than the {duty.every_s:g} s between two"
        )
        return Note("duty-too-often", "energy", text, "choose a longer period with --every")
    if duty.sleep_w is None:
        text = "the power asleep is not known: no mean power with pauses, no battery's life"
        return Note("duty-no-sleep", "energy", text, "give it with --sleep")
    return None


def consequences(gross_j: float, seconds: float, duty: Duty) -> dict[str, float]:
    """What follows for an inference of `gross_j` joules and `seconds`; what was given comes along.

    `inferences_per_charge` is without pauses; `duty_w` the mean power with them, asleep in
    between, `battery_life_s` what it leaves of the battery. A period shorter than the inference
    has neither. `cost_per_million` is in the price's currency, `energy_delay_js` joule seconds.
    """
    given = {
        "battery_wh": duty.battery_wh,
        "every_s": duty.every_s,
        "sleep_w": duty.sleep_w,
        "price_per_kwh": duty.price_per_kwh,
    }
    found = {name: value for name, value in given.items() if value is not None}
    found["energy_delay_js"] = gross_j * seconds
    if duty.price_per_kwh is not None:
        found["cost_per_million"] = 1e6 * gross_j / 3.6e6 * duty.price_per_kwh
    if duty.battery_wh is not None:
        found["inferences_per_charge"] = duty.battery_wh * 3600 / gross_j
    if duty.every_s is not None and duty.every_s >= seconds and duty.sleep_w is not None:
        found["duty_w"] = (gross_j + duty.sleep_w * (duty.every_s - seconds)) / duty.every_s
        if duty.battery_wh is not None:
            found["battery_life_s"] = duty.battery_wh * 3600 / found["duty_w"]
    return found
