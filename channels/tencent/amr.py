"""AMR recordings (what WeChat gives) made into WAV, which every browser plays.

The file is taken apart here (RFC 4867 §5): decoders stumble over frames of silence (DTX), so only
speech frames are decoded and silence stands for the others.
"""

from __future__ import annotations

import io
import wave

from hotline.errors import UnsupportedMedia

_MAGIC = b"#!AMR\n"
_FRAME_BYTES = (12, 13, 15, 17, 19, 20, 26, 31, 5)
"""Bytes after the header byte by frame type: eight speech modes, then comfort noise."""
_EMPTY = 15
_RATE = 8000
_FRAME_SAMPLES = 160
_MOST_FRAMES = 50 * 120
"""Two minutes; WeChat's own recordings end after one."""


def is_amr(data: bytes) -> bool:
    """Whether this is narrow-band AMR."""
    return data.startswith(_MAGIC)


def split_frames(data: bytes) -> list[bytes | None]:
    """Speech frames with their header byte; None for 20 ms of silence. Raises UnsupportedMedia."""
    frames: list[bytes | None] = []
    at = len(_MAGIC)
    while at < len(data) and len(frames) < _MOST_FRAMES:
        kind = data[at] >> 3 & 0x0F
        if kind == _EMPTY:
            frames.append(None)
            at += 1
            continue
        if kind >= len(_FRAME_BYTES):
            raise UnsupportedMedia("语音文件已损坏，请重新发送。")
        end = at + 1 + _FRAME_BYTES[kind]
        if end > len(data):
            break  # cut off in the last frame
        frames.append(data[at:end] if kind < len(_FRAME_BYTES) - 1 else None)
        at = end
    return frames


def decode_amr(data: bytes) -> bytes:
    """The recording as WAV, 8 kHz, 16 bit, one channel; raises UnsupportedMedia."""
    import av
    from av.error import FFmpegError

    if not is_amr(data):
        raise UnsupportedMedia("语音格式不支持，请重新发送。")
    silence = bytes(2 * _FRAME_SAMPLES)
    codec = av.AudioCodecContext.create("amrnb", "r")
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate = _RATE
    codec.layout = "mono"
    resampler = av.AudioResampler(format="s16", layout="mono", rate=_RATE)
    sound = bytearray()
    for frame in split_frames(data):
        piece = b""
        if frame is not None:
            try:
                for decoded in codec.decode(av.Packet(frame)):
                    piece += b"".join(
                        bytes(out.planes[0])[: out.samples * 2]
                        for out in resampler.resample(decoded)
                    )
            except FFmpegError:
                piece = b""  # one bad frame is 20 ms of silence, not a lost recording
        sound += piece or silence
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(bytes(sound))
    return out.getvalue()
