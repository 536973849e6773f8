"""What the gate says about records that do not fit the schema, by the statistics and anomalies of TFDV itself."""

import pytest

from components.data_gate.statistics import ALL_IMAGES, overall
from components.errors import DataAnomalyError
from data.example import LABEL_KEY
from data.schema import dataset_schema, extended_schema

# Below a hundred values the statistics do not venture to say what is an image.
COUNT = 110

SCHEMA = dataset_schema(["faces"], {"generator": ["none", "brightened"]}, grey_allowed=False)

FAULTS = {
    0: {"encoded": b"plain text"},
    1: {"encoded": b"plain text", "format": "gif"},
    2: {"channels": 1, "columns": {"generator": "unheard of"}},
    3: {"channels": 2, "source": "elsewhere"},
    4: {"channels": 1, "source": "elsewhere"},
    5: {"source": "nowhere"},
    6: {"width": 4800},
    7: {"width": 15, "height": 20001},
    8: {"jpeg_quality": 101, "span": 0},
    9: [LABEL_KEY, "image/sha256"],
    10: [LABEL_KEY],
    11: {"label": 2},
    12: {"label": 2},
    13: {"label": -1},
}

LINES = [
    "image/aspect_ratio, split train: the largest is 1333.4, expected at most 3. Crop such images to the face, or "
    "raise max of 'image/aspect_ratio' in schema.pbtxt beside the records.",
    f"image/channels, split train: grey (channels 1, 2) where colour is expected in 3 of {COUNT} images. Leave these "
    "images out, or import with grey images allowed (image/channels, min: 1).",
    f"image/encoded, split train: 2 of {COUNT} images are none. Leave out the files that are no JPEG or PNG, and "
    "import anew.",
    f"image/format, split train: unexpected values gif in 1 of {COUNT} images. Correct the records, or, if they are "
    "right, add them to the string_domain of 'image/format' in schema.pbtxt beside the records.",
    "image/height, split train: the largest is 20001, expected at most 20000. Leave these images out, or, if they "
    "are meant, widen the int_domain of 'image/height' in schema.pbtxt beside the records.",
    "image/jpeg_quality, split train: the largest is 101, expected at most 100. Leave these images out, or, if they "
    "are meant, widen the int_domain of 'image/jpeg_quality' in schema.pbtxt beside the records.",
    f"image/sha256, split train: missing in 1 of {COUNT} images. Import the images anew, or leave these out.",
    "image/width, split train: the smallest is 15, expected at least 16. Leave these images out, or, if they are "
    "meant, widen the int_domain of 'image/width' in schema.pbtxt beside the records.",
    f"label, split train: unexpected values -1, 2 in 3 of {COUNT} images. Only 0 (real) and 1 (fake) are known: "
    "correct the labels, or leave these images out.",
    f"label, split train: missing in 2 of {COUNT} images. Import the images anew, or leave these out.",
    f"slice/generator, split train: unexpected values unheard of in 1 of {COUNT} images. Correct the annotation, or, "
    "if they are right, add them to the string_domain of 'slice/generator' in schema.pbtxt beside the records.",
    f"source, split train: unexpected values elsewhere (2), nowhere (1) in 3 of {COUNT} images. Correct the records, "
    "or, if they are right, add them to the string_domain of 'source' in schema.pbtxt beside the records.",
    "span, split train: the smallest is 0, expected at least 1. Spans are numbered from 1: import the images anew.",
]


@pytest.fixture(scope="module")
def good_records(record, picture, encode):
    images = [encode(picture(label, 1)) for label in (0, 1)]
    return [
        record(
            images[number % 2], number % 2, number, columns={"generator": ("none", "brightened")[number % 2]}
        )
        for number in range(COUNT)
    ]


@pytest.fixture(scope="module")
def changed(good_records, statistics_of):
    """``changed({number: changes})``: statistics of the good records with some changed.

    Changes are values of fields; a list of keys instead names features to leave out.
    """

    def make(changes):
        records, left_out = list(good_records), {}
        for number, change in changes.items():
            if isinstance(change, dict):
                records[number] = type(records[number])(**vars(records[number]) | change)
            else:
                left_out[number] = change
        return statistics_of(records, SCHEMA, left_out)

    return make


@pytest.fixture(scope="module")
def good(changed):
    return changed({})


@pytest.fixture(scope="module")
def grey(changed):
    return changed({2: {"channels": 1}, 3: {"channels": 2}})


@pytest.fixture(scope="module")
def said(changed, gate):
    """What the gate says of records with all the faults."""
    return gate({"train": changed(FAULTS)}, SCHEMA)


def test_good_records_pass(good, gate):
    assert gate({"train": good, "val": good}, SCHEMA) == []


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.partition(",")[0])
def test_a_fault_is_named_located_counted_and_advised_upon(line, said):
    assert line in said


def test_nothing_else_is_said(said):
    assert len(said) == len(LINES)


def test_one_bad_split_stops_the_run_with_all_of_it_in_one_message(good, changed, run_gate):
    bad = changed({0: {"label": 2}, 3: {"jpeg_quality": 101}})
    with pytest.raises(DataAnomalyError) as caught:
        run_gate({"train": good, "val": bad, "test": good}, SCHEMA)
    first, *faults, advice = str(caught.value).splitlines()
    assert first == "The data does not fit the schema; nothing was trained or pushed."
    assert [line.partition(":")[0] for line in faults] == [
        "  - image/jpeg_quality, split val",
        "  - label, split val",
    ]
    assert "run again" in advice


def test_a_feature_that_is_missing_everywhere_is_counted(changed, gate):
    [line] = gate({"train": changed({number: ["image/sha256"] for number in range(COUNT)})}, SCHEMA)
    assert line.startswith(f"image/sha256, split train: missing in {COUNT} of {COUNT} images.")


def test_bytes_that_are_mostly_no_images_are_caught_though_tfdv_does_not_count_them(changed, gate):
    [line] = gate({"train": changed({number: {"encoded": b"text"} for number in range(COUNT // 2)})}, SCHEMA)
    assert line.startswith(f"image/encoded, split train: more than 22 of {COUNT} images are none.")


def test_grey_passes_only_where_it_is_allowed(grey, gate):
    columns = {"generator": ["none", "brightened"]}
    assert gate({"train": grey}, dataset_schema(["faces"], columns, grey_allowed=True)) == []
    assert len(gate({"train": grey}, SCHEMA)) == 1


def test_a_column_the_schema_does_not_know_is_an_anomaly(good, gate):
    [line] = gate({"train": good}, dataset_schema(["faces"], {}, grey_allowed=False))
    assert line.startswith(
        f"slice/generator, split train: in {COUNT} of {COUNT} images, but not in the schema."
    )


def test_a_column_that_came_with_a_later_span_may_be_missing_before(good, changed, gate):
    first = dataset_schema(["faces"], {}, grey_allowed=False)
    second = extended_schema(first, ["faces"], {"generator": ["none", "brightened"]})
    assert gate({"train": good}, second) == []
    assert gate({"train": changed({number: {"columns": {}} for number in range(9)})}, second) == []


@pytest.mark.parametrize(
    ("fakes", "words"),
    [
        (10, ["fake is 10 of 110 images (9.1 %), expected at least 10 %. Add images that are fake"]),
        (101, ["real is 9 of 110 images (8.2 %), expected at least 10 %. Add images that are real"]),
        (0, ["fake is 0 of 110 images (0.0 %), expected at least 10 %."]),
        (11, []),
        (99, []),
    ],
)
def test_a_class_that_is_too_rare_is_counted(fakes, words, good, changed, gate):
    labels = changed({number: {"label": int(number < fakes)} for number in range(COUNT)})
    lines = [line for line in gate({"train": good, "val": labels}, SCHEMA) if "min_class_share" in line]
    assert len(lines) == len(words)
    for line, start in zip(lines, words, strict=True):
        assert line.startswith(f"label, split val: {start}")


def test_the_least_share_of_a_class_can_be_set(good, gate):
    [line] = gate({"val": good}, SCHEMA, min_class_share=0.505)
    assert "is 55 of 110 images (50.0 %), expected at least 50.5 %" in line


def test_the_overall_statistics_are_found_by_name(good):
    sliced = type(good)()
    sliced.datasets.add(name="span_1", num_examples=1)
    sliced.datasets.add().CopyFrom(good.datasets[0])
    sliced.datasets[1].name = ALL_IMAGES
    assert overall(sliced).num_examples == overall(good).num_examples == COUNT
    del sliced.datasets[1]
    with pytest.raises(
        DataAnomalyError, match=f"expected a data set named '{ALL_IMAGES}', received 'span_1'"
    ):
        overall(sliced)
