"""A file is there whole or not at all."""

import pytest

from components.atomic_file import replacing, write_text


def test_the_old_content_stays_until_the_new_is_whole(tmp_path):
    path = tmp_path / "detector.weights.h5"
    path.write_text("old")
    with replacing(path) as partial:
        # Keras looks at how the name ends.
        assert partial.name.endswith(".weights.h5")
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_breaks_off_leaves_nothing(tmp_path):
    path = tmp_path / "table.json"
    write_text(path, "old")

    def break_off():
        with replacing(path) as partial:
            partial.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
