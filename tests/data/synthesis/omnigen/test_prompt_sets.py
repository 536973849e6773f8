"""The prompts that come with the project, and those of a user."""

import json

import pytest

from data.errors import BadInputError
from data.synthesis.omnigen.prompt_sets import ALL, known_sets, read_prompts


@pytest.mark.parametrize("name", ["expression", "lighting"])
def test_each_set_asks_for_one_change_and_the_same_person(name):
    prompts = read_prompts(name)

    assert name in known_sets()
    assert len(prompts) >= 12
    assert {prompt.set for prompt in prompts} == {name}
    for prompt in prompts:
        # As diffusers expects it: exactly one image, and it comes first.
        assert prompt.text.startswith("<img><|image_1|></img> ")
        assert prompt.text.count("<") == 3
        assert " Keep the identity, " in prompt.text
        # Nothing is both changed and kept.
        assert ("the expression" in prompt.text) == (name == "lighting")
        assert ("the lighting" in prompt.text) == (name == "expression")


def test_all_is_all():
    assert read_prompts(ALL) == [*read_prompts("expression"), *read_prompts("lighting")]


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "age.jsonl"
    row = {
        "name": "older",
        "prompt": "<img><|image_1|></img> Make the person twenty years older. Keep the hair.",
    }
    path.write_text(json.dumps(row) + "\n\n")

    [prompt] = read_prompts(path)

    assert (prompt.set, prompt.name, prompt.text) == ("age", "older", row["prompt"])
    assert read_prompts(str(path)) == [prompt]


GOOD = "<img><|image_1|></img> Smile."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "Expected at least one prompt"),
        ("no JSON", "Expected JSON in .*mine.jsonl, line 1"),
        ("[" * 100_000, "Expected JSON in .*mine.jsonl, line 1"),
        ("[]", 'Expected {"name"'),
        (json.dumps({"name": "a"}), 'Expected {"name"'),
        (json.dumps({"name": "A b", "prompt": GOOD}), "Expected a name of small letters"),
        (json.dumps({"name": "a", "prompt": "Smile."}), "Expected a prompt that begins with <img>"),
        (json.dumps({"name": "a", "prompt": f"{GOOD} <img><|image_2|></img>"}), "with no other tag"),
        (json.dumps({"name": "a", "prompt": f"{GOOD} <|end|>"}), "with no other tag"),
        (json.dumps({"name": "a", "prompt": "<img><|image_1|></img>  "}), "and what to do"),
        (json.dumps({"name": "a", "prompt": 7}), "Expected a prompt"),
        (json.dumps({"name": "a", "prompt": GOOD + "a\nb"}), "printable characters"),
        (json.dumps({"name": "a", "prompt": GOOD + "a" * 1000}), "up to 1000 printable characters"),
        ("\n".join([json.dumps({"name": "a", "prompt": GOOD})] * 2), "received twice: a"),
    ],
)
def test_what_is_no_set_of_prompts_is_refused(tmp_path, content, message):
    path = tmp_path / "mine.jsonl"
    path.write_text(content)

    with pytest.raises(BadInputError, match=message) as refusal:
        read_prompts(path)
    assert len(str(refusal.value)) < 600


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(BadInputError, match="expression, lighting, all, or a file"):
        read_prompts(path)
