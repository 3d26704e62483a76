from summary_pipeline_tests.summarization.transcript_documents import SPOKEN, SRT, parse, texts


def test_subrip_without_blank_lines_is_read() -> None:
    assert parse(SRT.replace("\n\n", "\n")).snippets == SPOKEN


def test_subrip_with_blank_lines_within_a_cue_loses_no_text() -> None:
    assert texts(SRT.replace("Hello there.", "Hello\n\nthere.")) == ["Hello there.", "Goodbye."]


def test_text_outside_of_cues_is_not_lost() -> None:
    found = texts("A preface.\n\n" + SRT + "\nAn epilogue.")

    assert found == ["A preface.", "Hello there.", "Goodbye. An epilogue."]


def test_webvtt_without_a_blank_line_after_its_first_line_loses_no_text() -> None:
    assert texts("WEBVTT\nHello there, all.\n\n00:01.000 --> 00:02.000\nGoodbye.") == ["Hello there, all.", "Goodbye."]


def test_text_on_the_line_of_times_is_not_lost() -> None:
    assert texts("1\n00:00:00,500 --> 00:00:02,500 Hello there.\n\n2\n00:00:03,000 --> 00:00:04,500\nGoodbye.") == [
        "Hello there.",
        "Goodbye.",
    ]


def test_cue_settings_and_coordinates_are_no_text() -> None:
    assert texts(SRT.replace("02,500", "02,500  X1:40 X2:600 Y1:20 Y2:50")) == ["Hello there.", "Goodbye."]


def test_cues_with_damaged_times_keep_their_text() -> None:
    document = SRT + "\n3\n00:00:0x,000 --> 00:00:09,000\nStill here.\n\n4\n-->\nAnd here.\n"

    assert " ".join(texts(document)).endswith("Still here. And here.")
    assert parse(document).snippets[:1] == SPOKEN[:1]


def test_an_arrow_in_speech_is_speech() -> None:
    assert texts(SRT.replace("Goodbye.", "so a --> b\n5 --> 6")) == ["Hello there.", "so a --> b 5 --> 6"]


def test_numbers_that_are_spoken_are_kept_if_they_do_not_stand_for_the_next_cue() -> None:
    assert texts(SRT.replace("Hello there.", "42\nis the answer.")) == ["42 is the answer.", "Goodbye."]


def test_voices_are_kept_and_other_tags_are_not() -> None:
    document = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v.loud Roger Bingham>We are <i>in</i> <c.yellow>New</c> "
        "<00:00:01.500><b>York</b>\n\n00:03.000 --> 00:04.000\n<font color='#fff'>Tom &amp; Jerry</font> {\\an8}run\n"
    )

    assert texts(document) == ["Roger Bingham: We are in New York", "Tom & Jerry run"]


def test_rolling_captions_of_youtube_are_there_once() -> None:
    lines = [
        "so today we are going to",
        "talk about the history of",
        "the bicycle and why it",
        "took so long to be made",
    ]
    cues: list[str] = []
    for number, line in enumerate(lines):
        start = 2 * number
        before = lines[number - 1] if number else " "
        timed = "".join(f"<00:00:0{start}.{place}00><c> {word}</c>" for place, word in enumerate(line.split()))
        cues.append(
            f"00:00:0{start}.000 --> 00:00:0{start + 1}.990 align:start position:0%\n{before}\n{timed.strip()}\n"
        )
        cues.append(f"00:00:0{start + 1}.990 --> 00:00:0{start + 2}.000 align:start position:0%\n{line}\n \n")
    document = "WEBVTT\nKind: captions\nLanguage: en\n\n" + "\n".join(cues)

    found = parse(document).snippets

    assert [snippet.text for snippet in found] == lines
    assert [snippet.start for snippet in found] == [0.0, 2.0, 4.0, 6.0]


def test_cues_without_empty_lines_between_them_lose_nothing() -> None:
    cues = b"".join(
        b"00:00:0%d.000 --> 00:00:0%d.900\n%s\n" % (n, n, text) for n, text in enumerate([b"a", b"b", b"c"])
    )
    assert texts(b"WEBVTT\n\n" + cues, key="x.vtt") == ["a", "b", "c"]


def test_speech_that_begins_like_a_note_is_speech_and_a_note_is_not() -> None:
    document = b"WEBVTT\n\n00:01.000 --> 00:02.000\nNOTE that\n\nNOTE a remark\n\n00:02.000 --> 00:03.000\nb\n"
    assert texts(document, key="x.vtt") == ["NOTE that", "b"]


def test_a_cue_whose_times_are_damaged_keeps_its_text_apart_from_them() -> None:
    document = b"1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:0x,000 --> 00:00:07,000\nb\n"
    assert texts(document, key="x.srt") == ["a", "b"]


def test_a_speaker_is_named_where_the_voice_changes_and_not_on_every_cue() -> None:
    cues = [("Ann", "a"), ("Ann", "b"), ("Ben", "c"), ("Ann", "d")]
    body = "".join(f"00:0{n}.000 --> 00:0{n}.900\n<v {name}>{text}\n\n" for n, (name, text) in enumerate(cues))
    assert texts(f"WEBVTT\n\n{body}".encode(), key="x.vtt") == ["Ann: a", "b", "Ben: c", "Ann: d"]


def test_a_text_about_webvtt_is_a_text() -> None:
    lines = ["WEBVTT files explained in short", "Anna: Hello everybody", "Bob: Hi Anna", "now we go on"]
    assert texts("\n".join(lines)) == lines
