import hashlib
import os
import threading
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from summary_pipeline.summarization import tokens
from summary_pipeline.summarization.tokens import blocks, count_tokens, get_encoding, is_safe, token_table

ENCODINGS = ["o200k_base", "cl100k_base"]
RANKS = {
    "o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790",
    "cl100k_base": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
}
WORDS = [
    "Hello",
    "it's",
    "end.",
    "Yes!",
    "。",
    "我們",
    "١٢٣٤",
    "/",
    "3.14",
    "😀",
    "e\u0301",
    "\n",
    "  ",
    "...foo",
    "aaaa" * 9,
]
texts = st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), max_size=40).map("".join)


def is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.fixture
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """As in a fresh process: no encoding in memory, no cache set, no internet."""
    monkeypatch.setattr("tiktoken.registry.ENCODINGS", {})
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    monkeypatch.delenv("DATA_GYM_CACHE_DIR", raising=False)

    def refuse_to_download(path: str) -> bytes:
        raise AssertionError(f"there is no internet to get {path} from")

    # Files in a cache are not read through this.
    monkeypatch.setattr("tiktoken.load.read_file", refuse_to_download)
    get_encoding.cache_clear()
    yield monkeypatch
    get_encoding.cache_clear()


@pytest.mark.usefixtures("nothing_loaded")
@pytest.mark.parametrize("name", ENCODINGS)
def test_shipped_encodings_load_without_internet(name: str) -> None:
    encoding = get_encoding(name)

    assert encoding.name == name
    assert encoding.decode(encoding.encode("Offline, 离线")) == "Offline, 离线"


def test_loading_leaves_the_environment_as_it_was(nothing_loaded: pytest.MonkeyPatch, tmp_path: Path) -> None:
    get_encoding("o200k_base")
    assert "TIKTOKEN_CACHE_DIR" not in os.environ

    nothing_loaded.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    get_encoding("cl100k_base")
    assert os.environ["TIKTOKEN_CACHE_DIR"] == str(tmp_path)


@pytest.mark.parametrize("variable", ["TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"])
def test_a_users_cache_is_read_where_it_holds_the_file(
    nothing_loaded: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    tmp_path.joinpath(RANKS["o200k_base"]).write_bytes(tokens._unpacked(tokens._O200K))
    nothing_loaded.setenv(variable, str(tmp_path))
    nothing_loaded.setattr(tokens, "_unpacked", lambda _: pytest.fail("the user's own file was there"))

    assert get_encoding("o200k_base").encode("a") == [64]


@pytest.mark.parametrize("content", [None, b"damaged"])
def test_a_users_cache_is_never_written_and_a_damaged_file_in_it_is_not_deleted(
    nothing_loaded: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        tmp_path.joinpath(RANKS["o200k_base"]).write_bytes(content)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    nothing_loaded.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))

    get_encoding("o200k_base")

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_empty_cache_setting_does_not_cause_a_download(nothing_loaded: pytest.MonkeyPatch) -> None:
    nothing_loaded.setenv("TIKTOKEN_CACHE_DIR", "")

    assert get_encoding("cl100k_base").name == "cl100k_base"


def test_damaged_ranks_are_refused(nothing_loaded: pytest.MonkeyPatch) -> None:
    damaged = tokens._Ranks(file=tokens._O200K.file, cache_name=tokens._O200K.cache_name, sha256="0" * 64)
    nothing_loaded.setattr(tokens, "_SHIPPED", {"o200k_base": damaged})

    with pytest.raises(tokens.RanksDamagedError, match=r"o200k_base\.tiktoken\.xz.*SHA-256"):
        get_encoding("o200k_base")


@pytest.mark.parametrize("ranks", [tokens._O200K, tokens._CL100K])
def test_the_shipped_ranks_are_the_ones_that_tiktoken_pins(ranks: tokens._Ranks) -> None:
    name = ranks.file.partition(".")[0]
    url = f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"

    assert hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest() == ranks.cache_name
    assert hashlib.sha256(tokens._unpacked(ranks)).hexdigest() == ranks.sha256
    pinned = Path(str(resources.files("tiktoken_ext").joinpath("openai_public.py"))).read_text(encoding="utf-8")
    assert ranks.sha256 in pinned


@pytest.mark.usefixtures("nothing_loaded")
def test_threads_that_ask_at_once_get_the_same_encoding() -> None:
    found: list[tiktoken.Encoding] = []
    threads = [threading.Thread(target=lambda: found.append(get_encoding("cl100k_base"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert len({id(encoding) for encoding in found}) == 1


def test_an_unknown_encoding_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="no_such_encoding"):
        get_encoding("no_such_encoding")


@pytest.mark.parametrize("name", ENCODINGS)
def test_what_looks_like_a_special_token_is_counted_as_the_text_it_is(name: str) -> None:
    assert count_tokens("<|endoftext|>", name) > 1


@pytest.mark.parametrize("name", [*ENCODINGS, "o200k_harmony"])
@given(text=texts)
@settings(deadline=None)
def test_counts_are_tiktokens(name: str, text: str) -> None:
    assert count_tokens(text, name) == len(get_encoding(name).encode(text, disallowed_special=()))


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize(
    "text", ["Word after word, and so on. " * 9000, "字" * 80_000, "1" * 90_000, "line\n" * 40_000]
)
def test_counts_of_long_texts_are_tiktokens_too(name: str, text: str) -> None:
    assert count_tokens(text, name) == len(get_encoding(name).encode_ordinary(text))


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("blank", [" ", "\u00a0", "\t "])
def test_white_space_without_end_does_not_make_tiktoken_panic(name: str, blank: str) -> None:
    assert 0 < count_tokens("before" + blank * 500_000 + "after", name) <= 1_100_000


@given(text=texts, characters=st.integers(min_value=1, max_value=50))
@settings(deadline=None)
def test_blocks_are_the_text(text: str, characters: int) -> None:
    assert "".join(blocks(text, characters)) == text


@pytest.mark.parametrize("name", ENCODINGS)
@given(text=texts, characters=st.integers(min_value=1, max_value=50))
@settings(deadline=None)
def test_tokens_of_blocks_are_the_tokens_of_the_text(name: str, text: str, characters: int) -> None:
    encode = get_encoding(name).encode_ordinary

    assert [token for block in blocks(text, characters) for token in encode(block)] == encode(text)


@pytest.mark.parametrize("name", ENCODINGS)
@given(text=texts, position=st.integers(min_value=0, max_value=200))
@settings(max_examples=400, deadline=None)
def test_a_cut_at_a_safe_place_changes_no_token(name: str, text: str, position: int) -> None:
    encode = get_encoding(name).encode_ordinary
    position = min(position, len(text))

    if is_safe(text, position):
        assert encode(text[:position]) + encode(text[position:]) == encode(text)


@pytest.mark.parametrize(
    ("text", "position", "safe"),
    [
        ("one two", 3, True),  # before the space, which belongs to the word after it
        ("one two", 4, False),
        ("end.\nNext", 5, True),
        ("end.\n/next", 5, False),  # the slash joins the full stop and the line break
        ("end.\n\nNext", 5, False),
        ("it's", 2, False),
        ("word, word", 4, True),
        ("我們，今天", 2, True),
        ("我們，今天", 3, False),
        ("ab", 1, False),
        ("ab", 0, True),
        ("ab", 2, True),
    ],
)
def test_safe_places(text: str, position: int, safe: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_safe(text, position) is safe


@pytest.mark.parametrize("name", ENCODINGS)
@given(text=st.text(max_size=80))
@settings(deadline=None)
def test_the_table_finds_characters_in_tokens(name: str, text: str) -> None:
    encoding = get_encoding(name)
    table = token_table(name)
    encoded = encoding.encode_ordinary(text)

    assert sum(table.characters[token] for token in encoded) == len(text)
    for index, token in enumerate(encoded):
        assert (table.whole_start[token] == 1) == is_utf8(encoding.decode_bytes(encoded[:index]))
