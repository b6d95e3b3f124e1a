"""What is wrong with a value, in both languages, by the code that pydantic or our own types give it."""

from __future__ import annotations

from programme.sentences import Sentence

OTHER = Sentence(lt="Reikšmė netinkama.", en="The value is not valid.")

MESSAGES: dict[str, Sentence] = {
    "missing": Sentence(lt="Šis laukas privalomas.", en="This field is required."),
    "extra_forbidden": Sentence(lt="Tokio lauko nėra.", en="There is no such field."),
    "unknown_parameter": Sentence(lt="Tokio parametro nėra.", en="There is no such parameter."),
    "repeated_parameter": Sentence(
        lt="Parametras nurodytas kelis kartus.", en="The parameter is given more than once."
    ),
    "date_malformed": Sentence(
        lt="Data rašoma taip: MMMM-MM-DD, ir tokia diena turi būti.",
        en="A date is written YYYY-MM-DD and has to exist.",
    ),
    "date_out_of_range": Sentence(
        lt="Data turi būti tarp 1990 ir 2199 metų.", en="The date has to be in the years 1990 to 2199."
    ),
    "moment_malformed": Sentence(
        lt="Momentas rašomas taip: MMMM-MM-DDThh:mm:ssZ, su laiko juosta.",
        en="A moment is written YYYY-MM-DDThh:mm:ssZ, with its offset.",
    ),
    "moment_ahead": Sentence(
        lt="Momentas dar neatėjo: dabar {now}.", en="The moment has not come yet: it is {now} now."
    ),
    "unknown_event_type": Sentence(
        lt="Tokios įvykio rūšies nėra; visos išvardytos openapi.json skyriuje „webhooks“.",
        en="There is no such type of event; all of them are among the webhooks of openapi.json.",
    ),
    "unknown_resource_type": Sentence(
        lt="Tokios rūšies įrašai įvykių neturi.", en="There is no such kind of resource with events."
    ),
    "id_malformed": Sentence(lt="Identifikatorius yra UUID.", en="An id is a UUID."),
    "invisible_characters": Sentence(
        lt="Tekste yra nematomų ar valdymo ženklų.", en="The text has invisible or control characters."
    ),
    "more_than_one_line": Sentence(lt="Tekstas turi būti vienoje eilutėje.", en="The text has to be one line."),
    "blank": Sentence(lt="Tekstas tuščias.", en="The text is blank."),
    "legal_code_invalid": Sentence(
        lt="Tai nėra taisyklingas juridinio asmens kodas: devyni skaitmenys, paskutinis – kontrolinis.",
        en="This is not a legal-entity code: nine digits, the last one a check digit.",
    ),
    "grant_one_of_three": Sentence(
        lt="Leidimas nurodo vieną iš trijų: organizaciją, savivaldybę arba projektą su veikla.",
        en="A grant names one of three: an organisation, a municipality, or a project with a strand.",
    ),
    "pattern_invalid": Sentence(
        lt="Tai nėra taisyklingas reguliarusis reiškinys.", en="This is not a well-formed regular expression."
    ),
    "string_type": Sentence(lt="Čia turi būti tekstas.", en="A text is expected here."),
    "string_too_short": Sentence(
        lt="Tekstas per trumpas: bent {min_length} ženklas (-ai).", en="The text is too short: at least {min_length}."
    ),
    "string_too_long": Sentence(
        lt="Tekstas per ilgas: daugiausia {max_length} ženklai (-ų).", en="The text is too long: at most {max_length}."
    ),
    "string_pattern_mismatch": Sentence(
        lt="Tekstas ne tokio pavidalo, kokio reikia.", en="The text does not have the required form."
    ),
    "int_type": Sentence(lt="Čia turi būti sveikasis skaičius.", en="A whole number is expected here."),
    "int_parsing": Sentence(lt="Čia turi būti sveikasis skaičius.", en="A whole number is expected here."),
    "int_from_float": Sentence(lt="Čia turi būti sveikasis skaičius.", en="A whole number is expected here."),
    "int_parsing_size": Sentence(lt="Skaičius per didelis.", en="The number is too large."),
    "float_type": Sentence(lt="Čia turi būti skaičius.", en="A number is expected here."),
    "finite_number": Sentence(lt="Čia turi būti baigtinis skaičius.", en="A finite number is expected here."),
    "multiple_of": Sentence(
        lt="Reikšmė turi dalytis iš {multiple_of}.", en="The value has to be a multiple of {multiple_of}."
    ),
    "too_many_decimals": Sentence(
        lt="Po kablelio gali būti daugiausia keturi skaitmenys.", en="There can be at most four decimals."
    ),
    "bool_type": Sentence(lt="Čia turi būti true arba false.", en="true or false is expected here."),
    "bool_parsing": Sentence(lt="Čia turi būti true arba false.", en="true or false is expected here."),
    "greater_than_equal": Sentence(lt="Mažiausia reikšmė – {ge}.", en="The smallest value is {ge}."),
    "less_than_equal": Sentence(lt="Didžiausia reikšmė – {le}.", en="The largest value is {le}."),
    "greater_than": Sentence(lt="Reikšmė turi būti didesnė už {gt}.", en="The value has to be greater than {gt}."),
    "less_than": Sentence(lt="Reikšmė turi būti mažesnė už {lt}.", en="The value has to be less than {lt}."),
    "criterion_repeated": Sentence(
        lt="Kriterijus užklausoje vertinamas vieną kartą.", en="A criterion is rated once in a request."
    ),
    "enum": Sentence(lt="Galimos reikšmės: {expected}.", en="Possible values: {expected}."),
    "literal_error": Sentence(lt="Galimos reikšmės: {expected}.", en="Possible values: {expected}."),
    "list_type": Sentence(lt="Čia turi būti sąrašas.", en="A list is expected here."),
    "dict_type": Sentence(lt="Čia turi būti objektas.", en="An object is expected here."),
    "model_type": Sentence(lt="Čia turi būti objektas.", en="An object is expected here."),
    "model_attributes_type": Sentence(lt="Čia turi būti objektas.", en="An object is expected here."),
    "too_long": Sentence(lt="Per daug elementų: daugiausia {max_length}.", en="Too many items: at most {max_length}."),
    "too_short": Sentence(lt="Per mažai elementų: bent {min_length}.", en="Too few items: at least {min_length}."),
    "url_parsing": Sentence(lt="Tai nėra interneto adresas.", en="This is not a web address."),
    "url_scheme": Sentence(
        lt="Adresas turi prasidėti http:// arba https://.", en="The address has to be http or https."
    ),
    "value_error": OTHER,
}
