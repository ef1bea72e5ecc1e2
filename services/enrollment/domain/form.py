"""The questions of a sign-up form: which are asked, what may be answered to them, and how an answer reads.

Answers are texts by the question's id, in whatever way they came; several choices have "; " between them. How long a
text is, is counted here and, to the character, by the counter in the page (`static/tovholder.js`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from shared.contracts.addresses import mail_address
from shared.contracts.bounds import FIRST_DAY, LAST_DAY, is_link
from shared.contracts.danish import long_day
from shared.contracts.enrollment import Answered
from shared.contracts.programme import EnrolmentPlan, FormField
from shared.contracts.refusal import Refused

WIDTH = 90
"""Characters of a line, where a question limits those."""
BETWEEN = "; "
"""Between the choices of one answer."""
LONGEST_ANSWER = 4000
"""Characters, where the question does not say."""
LONGEST_IN_ALL = 60_000
"""Characters of all answers: one fact carries them."""
YES = frozenset({"ja", "yes", "true", "on"})
_NO = frozenset({"nej", "no", "false", "off"})
_SHORTEST_PHONE, _LONGEST_PHONE = 8, 15
"""Digits of a phone number: a Danish one, and one with its country's (ITU-T E.164)."""
_PHONE = re.compile(r"\+?[0-9](?:[ .-]?[0-9])*")
_LINE_END = re.compile(r"\r\n?")
_NUMBER = re.compile(r"-?[0-9]{1,15}")
_ISO_DAY = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")
_DANISH_DAY = re.compile(r"(?P<day>[0-9]{1,2})[/.-](?P<month>[0-9]{1,2})[/.-](?P<year>[0-9]{4})")


def characters(text: str) -> int:
    """How long it is to whoever reads it: `å` is one, however it was typed (Unicode's NFC)."""
    return len(unicodedata.normalize("NFC", text))


def lines(text: str) -> int:
    """How many lines of WIDTH characters it takes; a longer one goes on in the next."""
    return sum(max(1, -(-characters(line) // WIDTH)) for line in text.split("\n")) if text else 0


def choices_of(answer: str) -> list[str]:
    return answer.split(BETWEEN) if answer else []


def is_asked(question: FormField, form: Sequence[FormField], answers: Mapping[str, str]) -> bool:
    """Whether what it depends on is asked, and answered so. It depends on nothing that does not come before it."""
    when = question.when
    if when is None or question not in form:
        return True
    earlier = form[: form.index(question)]
    asked = next((one for one in earlier if one.id == when.field), None)
    if asked is None:
        return True
    if not is_asked(asked, earlier, answers):
        return False
    said = answers.get(asked.id, "")
    chosen = choices_of(said) if asked.kind == "choices" else [_yes_or_no(said) if asked.kind == "yes_no" else said]
    return not set(when.answers).isdisjoint(chosen)


def condition(question: FormField, form: Sequence[FormField]) -> str:
    """When it is asked, in Danish; empty = always."""
    when = question.when
    if when is None:
        return ""
    asked = next((one for one in form if one.id == when.field), None)
    return "" if asked is None else f"Udfyldes kun, hvis svaret på »{asked.label}« er {' eller '.join(when.answers)}."


def limits(question: FormField) -> str:
    """How long the answer may be, or how many there may be, in Danish; empty = nobody has to be told."""
    said = []
    if question.max_lines is not None:
        said.append(f"Højst {question.max_lines} linjer à {WIDTH} tegn.")
    if question.max_chars is not None:
        said.append(f"Højst {question.max_chars} tegn.")
    if question.format == "number" or question.kind == "choices":
        said.append(_between(question))
    return " ".join(filter(None, said))


@dataclass(frozen=True, slots=True)
class Answers:
    """What was said, as it is kept, and what is wrong with it."""

    given: Mapping[str, str]
    wrong: Sequence[Refused] = ()


def read(plan: EnrolmentPlan, said: Mapping[str, str]) -> Answers:
    """Of all questions and declarations at once."""
    known = {one.id for one in plan.form} | {one.id for one in plan.declarations}
    wrong = [
        _wrong(unknown[:60], "unknown_answer", "Formularen har ikke det spørgsmål.")
        for unknown in sorted(said.keys() - known)
    ]
    given = {key: text for key, text in ((key, _unified(text)) for key, text in said.items() if key in known) if text}
    if sum(map(len, given.values())) > LONGEST_IN_ALL:
        first = next(iter(given))
        return Answers(
            {}, [_wrong(first, "answers_too_long", f"Svarene må tilsammen højst være på {LONGEST_IN_ALL} tegn.")]
        )
    for question in plan.form:
        text = given.get(question.id, "")
        try:
            if not is_asked(question, plan.form, given):
                _require_silence(question, plan.form, text)
            elif not text:
                _require_answer(question)
            else:
                given[question.id] = _read(question, text)
        except Refused as refused:
            wrong.append(refused)
    for declaration in plan.declarations:
        declared = given.pop(declaration.id, "").casefold() in YES
        if declared:
            given[declaration.id] = "ja"
        elif declaration.required:
            wrong.append(_wrong(declaration.id, "declaration_missing", f"Det skal bekræftes: {declaration.text}"))
    return Answers(given, wrong)


def asked(plan: EnrolmentPlan, given: Mapping[str, str]) -> dict[str, str]:
    """The words of what was answered and declared, by id, in the order of the form."""
    words = {one.id: one.label for one in plan.form} | {one.id: one.text for one in plan.declarations}
    return {one: text for one, text in words.items() if one in given}


def answered(plan: EnrolmentPlan, given: Mapping[str, str], words: Mapping[str, str]) -> tuple[Answered, ...]:
    """The answers to questions, as people read them; `words` as they were asked by, else as the programme has them."""
    form = {one.id: one for one in plan.form}
    declarations = {one.id for one in plan.declarations}
    shown = {**asked(plan, given), **words}
    return tuple(
        Answered(question=shown[one], answer=shown_answer(form.get(one), given[one]))
        for one in shown
        if one in given and one not in declarations
    )


def declared(plan: EnrolmentPlan, given: Mapping[str, str], words: Mapping[str, str]) -> tuple[str, ...]:
    """Word for word."""
    return tuple(words.get(one.id, one.text) for one in plan.declarations if one.id in given)


def shown_answer(question: FormField | None, answer: str) -> str:
    if question is None:
        return answer
    if question.format == "day" and _ISO_DAY.fullmatch(answer):
        return long_day(date.fromisoformat(answer))
    return answer.capitalize() if question.kind == "yes_no" else answer


def _unified(text: str) -> str:
    """Without blanks around it; a line ends in one way, whoever wrote it: it is one line's end, and one character."""
    return _LINE_END.sub("\n", text).strip()


def _read(question: FormField, text: str) -> str:
    match question.kind:
        case "lines":
            _require_length(question, text)
            return text
        case "choice":
            _require_choices(question, [text])
            return text
        case "choices":
            chosen = list(dict.fromkeys(choices_of(text)))
            _require_choices(question, chosen)
            _require_between(question, len(chosen), "too_many_choices", "too_few_choices")
            return BETWEEN.join(chosen)
        case "yes_no":
            said = _yes_or_no(text)
            if said not in {"ja", "nej"}:
                raise _wrong(question.id, "unknown_choice", f"Svar ja eller nej til »{question.label}«.")
            return said
        case _:
            line = " ".join(text.split())
            _require_length(question, line)
            return _formatted(question, line)


def _formatted(question: FormField, text: str) -> str:
    label = f"»{question.label}«"
    match question.format:
        case "number":
            if not _NUMBER.fullmatch(text):
                raise _wrong(question.id, "not_an_integer", f"Skriv {label} som et helt tal, fx 12.")
            _require_between(question, int(text), "too_large", "too_small")
            return str(int(text))
        case "day":
            day = _day(text)
            if day is None:
                raise _wrong(question.id, "not_a_date", f"Skriv {label} som en dato, fx 15/04/2021.")
            return day.isoformat()
        case "email":
            try:
                return mail_address(text)
            except ValueError as error:
                raise _wrong(question.id, "invalid_email", f"{label}: {error}") from None
        case "phone" if not _is_phone(text):
            raise _wrong(question.id, "invalid_phone", f"Skriv {label} med mindst 8 cifre, fx 12 34 56 78.")
        case "link" if not is_link(text):
            raise _wrong(
                question.id, "not_a_link", f"Skriv {label} som en adresse, der begynder med https:// eller http://."
            )
    return text


def _require_silence(question: FormField, form: Sequence[FormField], text: str) -> None:
    """What was typed is not thrown away unseen."""
    if text:
        detail = f"{condition(question, form)} Slet svaret på »{question.label}«, eller ret det andet svar."
        raise _wrong(question.id, "answer_not_asked", detail)


def _require_answer(question: FormField) -> None:
    if question.required:
        raise _wrong(question.id, "answer_missing", f"Udfyld »{question.label}«.")


def _require_length(question: FormField, text: str) -> None:
    label, most = f"»{question.label}«", question.max_chars or LONGEST_ANSWER
    if (length := characters(text)) > most:
        raise _wrong(question.id, "answer_too_long", f"{label} må højst være på {most} tegn; der er {length}.")
    if question.max_lines is not None and (count := lines(text)) > question.max_lines:
        detail = f"{label} må højst være på {question.max_lines} linjer à {WIDTH} tegn; der er {count}."
        raise _wrong(question.id, "too_many_lines", detail)


def _require_choices(question: FormField, chosen: Iterable[str]) -> None:
    if not set(chosen) <= set(question.choices):
        raise _wrong(question.id, "unknown_choice", f"Vælg et af svarene under »{question.label}«.")


def _require_between(question: FormField, number: int, above: str, below: str) -> None:
    code = None
    if question.most is not None and number > question.most:
        code = above
    if question.least is not None and number < question.least:
        code = below
    if code is not None:
        raise _wrong(question.id, code, f"»{question.label}«: {_between(question)}")


def _between(question: FormField) -> str:
    least, most, what = question.least, question.most, "Vælg " if question.kind == "choices" else ""
    if least is not None and most is not None:
        text = f"{least}" if least == most else f"{'' if what else 'fra '}{least} til {most}"
    elif least is not None:
        text = f"mindst {least}"
    elif most is not None:
        text = f"højst {most}"
    else:
        return ""
    said = f"{what}{text}."
    return said[0].upper() + said[1:]


def _yes_or_no(text: str) -> str:
    said = text.casefold()
    return "ja" if said in YES else "nej" if said in _NO else text


def _day(text: str) -> date | None:
    found = _ISO_DAY.fullmatch(text) or _DANISH_DAY.fullmatch(text)
    if found is None:
        return None
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def _is_phone(text: str) -> bool:
    digits = sum(one.isdigit() for one in text)
    return _PHONE.fullmatch(text) is not None and _SHORTEST_PHONE <= digits <= _LONGEST_PHONE


def _wrong(question_id: str, code: str, detail: str) -> Refused:
    return Refused(code, detail, status=422, field=f"answers.{question_id}")
