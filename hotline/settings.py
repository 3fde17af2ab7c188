"""Every setting of the product: one table of name, default and help.

A setting is read from the environment (`HOTLINE_<NAME>`), from a file whose path stands in
`HOTLINE_<NAME>_FILE` (for secrets mounted by an orchestrator), or from the optional TOML file
`HOTLINE_SETTINGS_FILE` (lower-case names), in this order. All problems are reported at once.
"""

from __future__ import annotations

import math
import os
import re
import secrets
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from hotline.errors import SettingsError

PREFIX = "HOTLINE_"
ROOT = Path(__file__).resolve().parent.parent
"""The project folder: config.yml, nlu_data/ and kb/ are found from here."""


def _setting(default: object, help: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"help": help, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """The effective settings; field order is the order of `hotline settings`."""

    data_dir: Path = _setting(Path("data"), "数据目录：数据库、模型、上传的图片、自动生成的密钥")
    database_url: str = _setting(
        "", "SQLAlchemy 数据库地址；留空则用数据目录里的 SQLite", secret=True
    )
    redis_url: str = _setting(
        "", "Redis 地址；多副本部署时用于消息广播、限流和 Rasa 会话锁", secret=True
    )
    public_base_url: str = _setting(
        "", "外网访问的根地址，如 https://96310.example.gov.cn；https 时 Cookie 仅限加密连接"
    )
    secret_key: str = _setting(
        "", "主密钥（至少 32 个字符）；单机留空时自动生成并存放在数据目录", secret=True
    )
    http_host: str = _setting("127.0.0.1", "网关监听地址")
    http_port: int = _setting(8080, "网关监听端口")
    actions_port: int = _setting(5055, "动作服务端口（仅本机）；被占用时自动另选")
    rasa_port: int = _setting(5005, "Rasa 服务端口（仅本机）；被占用时自动另选")
    rasa_url: str = _setting("", "独立部署的 Rasa 地址；留空则由 hotline serve 启动并看管")
    rasa_timeout_seconds: float = _setting(
        12.0, "等待 Rasa 一轮应答的最长秒数，超过则致歉并建议人工"
    )
    rasa_concurrency: int = _setting(16, "同时交给 Rasa 的会话数上限")
    embedder_dir: str = _setting("", "自备 ONNX 句向量模型目录（如 bge-small-zh）；留空用内置模型")
    max_message_chars: int = _setting(2000, "一条消息的最多字数，超过则请市民分段发送")
    max_upload_megabytes: int = _setting(10, "一个上传文件的最大兆字节数")
    messages_per_minute: int = _setting(40, "一个会话每分钟最多消息数")
    conversations_per_minute: int = _setting(60, "一个网络地址每分钟最多新建会话数")
    trusted_proxies: int = _setting(0, "网关前面可信的反向代理层数，用来取真实访客地址")
    login_attempts: int = _setting(5, "同一账号 15 分钟内允许的登录失败次数")
    session_hours: int = _setting(12, "坐席登录有效小时数")
    log_level: str = _setting("INFO", "日志级别：DEBUG INFO WARNING ERROR")
    log_format: str = _setting("auto", "日志格式：json、text，或 auto（终端用 text，其余用 json）")
    waking_hours: str = _setting(
        "07:00-22:00", "何时可以主动给市民发进展消息；夜里的留到早上，紧急工单除外"
    )
    kb_refresh_seconds: float = _setting(0.5, "检查知识库是否有改动的间隔秒数")
    case_auto_dispatch: int = _setting(
        0, "立案后按规则自动派遣：1 开，0 关；只派规则写明直接派遣的，其余仍由人确认"
    )
    case_watch_seconds: float = _setting(30.0, "检查工单时限（预警、超期、挂账到期）的间隔秒数")
    kb_keep_days: int = _setting(180, "没有答上来的问题和评价里的文字保留的天数")
    twilio_account_sid: str = _setting("", "Twilio 账号 SID；与令牌都填写后电话渠道才开通")
    twilio_auth_token: str = _setting("", "Twilio 账号令牌，用于校验回调签名", secret=True)
    twilio_api_key: str = _setting(
        "", "网页话机用的 Twilio API Key（SK 开头）；不填则坐席只能用话机"
    )
    twilio_api_secret: str = _setting("", "上面这个 API Key 的密钥", secret=True)
    twilio_api_base: str = _setting("https://api.twilio.com", "Twilio REST 接口的根地址")
    twilio_number: str = _setting("", "外呼和转接时显示的号码，国际格式，如 +861012345678")
    telephony_line: str = _setting(
        "gather", "电话的接法：gather（逐轮回调）或 relay（ConversationRelay 长连接）"
    )
    telephony_language: str = _setting("cmn-Hans-CN", "Gather 语音识别的语言")
    telephony_voice: str = _setting("Polly.Zhiyu-Neural", "Say 朗读的声音")
    telephony_voice_language: str = _setting("cmn-CN", "Say 朗读的语言")
    telephony_speech_model: str = _setting("", "Gather 的识别模型；填写后停顿时长须用秒数")
    telephony_speech_timeout: str = _setting(
        "auto", "说完后停顿多久算一句：auto 或秒数；选定识别模型时不能用 auto"
    )
    telephony_relay_language: str = _setting("zh-CN", "ConversationRelay 的语言")
    telephony_relay_voice: str = _setting("", "ConversationRelay 的声音；留空用服务商默认")
    telephony_turn_seconds: float = _setting(8.0, "一轮回调里最多等助手几秒，再久先请市民稍等")
    telephony_record: int = _setting(0, "是否录音：1 录，0 不录；录音前先告知，市民可拒绝")
    telephony_transcribe: int = _setting(
        0, "坐席通话时是否由服务商实时转写：1 转写，工作台边听边填工单；市民拒绝录音的不转写"
    )
    telephony_notice: str = _setting("本次通话会录音。", "录音时开头的告知语")
    telephony_keep_days: int = _setting(180, "录音保存天数，到期删除；0 为不自动删除")
    telephony_keep_text_days: int = _setting(
        1095, "通话文字、来电号码和转写结果的保存天数，到期删除，只留时间和次数；0 为不自动删除"
    )
    telephony_music_url: str = _setting("", "排队时播放的音乐地址；留空则静音")
    telephony_staff_hours: str = _setting("00:00-24:00", "人工坐席的工作时间，如 08:00-20:00")
    telephony_fallback_number: str = _setting(
        "", "助手出故障时直接转接的号码，国际格式；留空则致歉并请市民稍后再拨"
    )
    telephony_ring_seconds: int = _setting(20, "每位坐席振铃几秒无人接则换下一位")
    telephony_queue_minutes: int = _setting(10, "排队最多几分钟，再久改为预约回拨")
    telephony_talk_seconds: int = _setting(180, "估算等候时间时每通人工电话按几秒计")
    telephony_call_back_hours: str = _setting("09:00-20:00", "允许外呼市民的时间")
    telephony_call_back_tries: int = _setting(3, "一次回拨最多拨几次")
    calls_api_keys: str = _setting("", "写入通话转写的接口密钥，多个用逗号隔开", secret=True)
    speech_model_dir: str = _setting("", "faster-whisper 模型目录，用于录音和语音消息；留空不转写")
    speech_seconds: float = _setting(60.0, "转写一段录音最多等几秒")
    city_name: str = _setting("北京市", "城市名称，用于问候语和页面标题")

    media_s3_url: str = _setting(
        "", "图片和语音改存 S3 兼容存储时的根地址，如 https://s3.example.gov.cn；留空存数据目录"
    )
    media_s3_bucket: str = _setting("", "存图片和语音的桶；须是私有桶")
    media_s3_region: str = _setting("us-east-1", "签名用的区域名")
    media_s3_access_key: str = _setting("", "访问这个桶的 Access Key")
    media_s3_secret_key: str = _setting("", "上面这个 Access Key 的密钥", secret=True)

    wechat_token: str = _setting(
        "", "公众号“服务器配置”里的令牌 Token；与 APPID、SECRET 都设置后开通 /wechat", secret=True
    )
    wechat_appid: str = _setting("", "公众号 AppID")
    wechat_secret: str = _setting("", "公众号 AppSecret", secret=True)
    wechat_aes_key: str = _setting(
        "", "公众号消息加解密密钥 EncodingAESKey（43 个字符）；留空为明文模式", secret=True
    )
    wechat_api_base: str = _setting("https://api.weixin.qq.com", "公众号接口根地址")
    wechat_reply_seconds: float = _setting(
        4.0, "等待当场答复的最长秒数（微信 5 秒断开），超过则改用客服消息"
    )
    wechat_messages_per_window: int = _setting(5, "市民发消息后 48 小时内可主动发送的条数")
    wechat_messages_per_event: int = _setting(3, "点菜单、关注、扫码后 1 分钟内可主动发送的条数")
    wechat_passive_backlog: int = _setting(
        64, "正在处理的市民超过此数时不再等待当场答复，先确认收到，随后用客服消息答复"
    )
    wechat_template_id: str = _setting("", "工单进度模板消息的模板 ID；留空则不发模板消息")
    wechat_subscription_id: str = _setting("", "工单进度订阅通知的模板 ID；留空则不发订阅通知")
    wechat_notice_fields: str = _setting(
        "character_string1=number,phrase2=status,time3=time",
        "通知模板的字段：字段名=内容，内容可用 number 工单编号、status 状态、time 时间、text 说明",
    )
    wecom_token: str = _setting(
        "", "微信客服回调的 Token；与 CORPID、SECRET、AES_KEY 都设置后开通 /wecom", secret=True
    )
    wecom_corpid: str = _setting("", "企业微信企业 ID")
    wecom_secret: str = _setting("", "微信客服应用的 Secret", secret=True)
    wecom_aes_key: str = _setting("", "微信客服回调的 EncodingAESKey（43 个字符）", secret=True)
    wecom_api_base: str = _setting("https://qyapi.weixin.qq.com", "企业微信接口根地址")
    wecom_messages_per_window: int = _setting(5, "微信客服：客户发消息后 48 小时内可发送的条数")

    open311_api_keys: str = _setting(
        "", "Open311 接口的密钥，多个用逗号隔开；设置后开通 /open311/v2", secret=True
    )
    open311_jurisdiction_id: str = _setting(
        "", "Open311 的辖区代号，如 beijing.gov.cn；留空则不检查"
    )

    @property
    def wechat_is_on(self) -> bool:
        """Whether the Official Account is set up."""
        return bool(self.wechat_token and self.wechat_appid and self.wechat_secret)

    @property
    def wecom_is_on(self) -> bool:
        """Whether WeCom customer service is set up."""
        return bool(
            self.wecom_token and self.wecom_corpid and self.wecom_secret and self.wecom_aes_key
        )

    @property
    def model_dir(self) -> Path:
        """Where trained assistants are kept."""
        return self.data_dir / "models"

    @property
    def cache_dir(self) -> Path:
        """What can be built again at any time: the sentence encoder."""
        return self.data_dir / "cache"

    @property
    def media_dir(self) -> Path:
        """Pictures and sound that residents sent."""
        return self.data_dir / "media"

    @property
    def effective_database_url(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'hotline.db'}"


def env_name(name: str) -> str:
    """`data_dir` → `HOTLINE_DATA_DIR`."""
    return PREFIX + name.upper()


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all sources; raise one SettingsError that names every problem."""
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    values = _read_file(environ, problems)
    for item in fields(Settings):
        raw = _read_environment(environ, env_name(item.name), problems)
        if raw is not None:
            values[item.name] = raw
    known = {env_name(item.name) for item in fields(Settings)}
    known |= {name + "_FILE" for name in known} | {PREFIX + "SETTINGS_FILE"}
    for name in environ:
        close = get_close_matches(name, known, n=1, cutoff=0.9)
        if name.startswith(PREFIX) and name not in known and close:
            problems.append(f"{name}：没有这个设置，是否想写 {close[0]}")
    converted: dict[str, object] = {}
    for item in fields(Settings):
        if item.name in values:
            _convert(item.name, type(item.default), values[item.name], converted, problems)
    settings = replace(Settings(), **cast("dict[str, Any]", converted))
    _check_ranges(settings, problems)
    if problems:
        raise SettingsError("设置有误：\n" + "\n".join(f"  - {line}" for line in problems))
    # the default lies in the project folder, wherever the command is called from
    start = Path.cwd() if "data_dir" in converted else ROOT
    return replace(settings, data_dir=(start / settings.data_dir.expanduser()).resolve())


def _read_file(environ: Mapping[str, str], problems: list[str]) -> dict[str, object]:
    name = environ.get(PREFIX + "SETTINGS_FILE", "")
    if not name:
        return {}
    try:
        values = tomllib.loads(Path(name).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{PREFIX}SETTINGS_FILE：读不了 {name}（{error}）")
        return {}
    known = {item.name for item in fields(Settings)}
    problems += [f"{name} 第 {key} 项：没有这个设置" for key in sorted(set(values) - known)]
    return {key: value for key, value in values.items() if key in known}


def _read_environment(environ: Mapping[str, str], name: str, problems: list[str]) -> str | None:
    if environ.get(name):
        return environ[name]
    path = environ.get(name + "_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{name}_FILE：读不了 {path}（{error}）")
        return None


def _convert(
    name: str, kind: type, raw: object, into: dict[str, object], problems: list[str]
) -> None:
    readers: dict[type, Callable[[str], object]] = {int: int, float: float, Path: Path, str: str}
    words = {int: "整数", float: "数字"}
    # an embedded default such as PosixPath is a Path to the reader
    reader_kind = Path if issubclass(kind, Path) else kind
    try:
        into[name] = readers[reader_kind](str(raw))
    except ValueError:
        problems.append(f"{env_name(name)}：应为{words.get(reader_kind, '文字')}，现为“{raw}”")


def _check_ranges(settings: Settings, problems: list[str]) -> None:
    for item in fields(Settings):
        value = getattr(settings, item.name)
        if isinstance(value, int | float) and not 0 <= value < math.inf:
            problems.append(f"{env_name(item.name)}：应是不小于 0 的数，现为 {value}")
    for name in ("http_port", "actions_port", "rasa_port"):
        if getattr(settings, name) > 65535:
            problems.append(f"{env_name(name)}：端口应在 0 到 65535 之间")
    if settings.secret_key and len(settings.secret_key) < 32:
        problems.append(f"{env_name('secret_key')}：至少 32 个字符")
    if settings.log_level.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        problems.append(f"{env_name('log_level')}：应为 DEBUG、INFO、WARNING 或 ERROR")
    if settings.log_format not in {"auto", "json", "text"}:
        problems.append(f"{env_name('log_format')}：应为 auto、json 或 text")
    if settings.public_base_url and not settings.public_base_url.startswith(
        ("http://", "https://")
    ):
        problems.append(f"{env_name('public_base_url')}：应以 http:// 或 https:// 开头")
    for name in ("wechat_aes_key", "wecom_aes_key"):
        if getattr(settings, name) and len(getattr(settings, name)) != 43:
            problems.append(f"{env_name(name)}：应为 43 个字符")
    for name in ("wechat_api_base", "wecom_api_base"):
        if not getattr(settings, name).startswith(("http://", "https://")):
            problems.append(f"{env_name(name)}：应以 http:// 或 https:// 开头")
    if settings.embedder_dir and not Path(settings.embedder_dir).is_dir():
        problems.append(f"{env_name('embedder_dir')}：目录 {settings.embedder_dir} 不存在")
    _check_telephony(settings, problems)
    _check_storage(settings, problems)
    if settings.database_url and not settings.database_url.startswith(
        ("sqlite+aiosqlite://", "postgresql://", "postgresql+psycopg://")
    ):
        problems.append(
            f"{env_name('database_url')}：应以 postgresql:// 或 sqlite+aiosqlite:// 开头"
        )


def _check_storage(settings: Settings, problems: list[str]) -> None:
    names = ("media_s3_url", "media_s3_bucket", "media_s3_access_key", "media_s3_secret_key")
    missing = [env_name(name) for name in names if not getattr(settings, name)]
    if len(missing) == len(names):
        return
    if missing:
        problems.append(f"改存 S3 还要填写：{'、'.join(missing)}")
    if settings.media_s3_url and not re.fullmatch(
        r"https?://[A-Za-z0-9.-]+(:\d{1,5})?/?", settings.media_s3_url
    ):
        problems.append(
            f"{env_name('media_s3_url')}：应是 https://主机 或 https://主机:端口，不带路径"
        )
    if settings.media_s3_bucket and not re.fullmatch(
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", settings.media_s3_bucket
    ):
        problems.append(f"{env_name('media_s3_bucket')}：3 到 63 个小写字母、数字、点或连字符")
    if not re.fullmatch(r"[a-z0-9-]{1,64}", settings.media_s3_region):
        problems.append(f"{env_name('media_s3_region')}：应为小写字母、数字或连字符")
    if not re.fullmatch(r"[!-.0-~]{0,128}", settings.media_s3_access_key):
        problems.append(f"{env_name('media_s3_access_key')}：不能有空格、斜杠或汉字")


def _check_telephony(settings: Settings, problems: list[str]) -> None:
    if bool(settings.twilio_account_sid) != bool(settings.twilio_auth_token):
        problems.append(
            f"{env_name('twilio_account_sid')} 和 {env_name('twilio_auth_token')} 要一起填写"
        )
    if bool(settings.twilio_api_key) != bool(settings.twilio_api_secret):
        problems.append(
            f"{env_name('twilio_api_key')} 和 {env_name('twilio_api_secret')} 要一起填写"
        )
    if settings.twilio_account_sid and not settings.public_base_url:
        problems.append(f"{env_name('public_base_url')}：开通电话须填写，回调地址由它拼成")
    if settings.telephony_line not in {"gather", "relay"}:
        problems.append(f"{env_name('telephony_line')}：应为 gather 或 relay")
    timeout = settings.telephony_speech_timeout
    if timeout != "auto" and not timeout.isdigit():
        problems.append(f"{env_name('telephony_speech_timeout')}：应为 auto 或整数秒")
    if settings.telephony_speech_model and timeout == "auto":
        problems.append(f"{env_name('telephony_speech_timeout')}：选定识别模型时应为整数秒")
    for name in ("telephony_staff_hours", "telephony_call_back_hours", "waking_hours"):
        if not re.fullmatch(
            r"([01]\d|2[0-4]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d", getattr(settings, name)
        ):
            problems.append(f"{env_name(name)}：应写成 08:00-20:00")
    if settings.speech_model_dir and not Path(settings.speech_model_dir).is_dir():
        problems.append(f"{env_name('speech_model_dir')}：目录 {settings.speech_model_dir} 不存在")


def with_secret_key(settings: Settings) -> Settings:
    """The settings with a master key: the configured one, or one made and kept in data_dir."""
    if settings.secret_key:
        return settings
    path = settings.data_dir / "secret_key"
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        descriptor, part = tempfile.mkstemp(dir=settings.data_dir)  # readable by its owner only
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        # linking is all or nothing: two processes that start at once agree on one whole key
        with suppress(FileExistsError):
            os.link(part, path)
        os.unlink(part)
    return replace(settings, secret_key=path.read_text("utf-8").strip())


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of `hotline settings`; a secret's value is never in it."""

    name: str
    default: str
    value: str
    help: str


def describe_settings(settings: Settings) -> list[SettingRow]:
    """The table, in order, with the values in force and secrets covered."""
    rows = []
    for item in fields(Settings):
        assert item.default is not MISSING
        value = getattr(settings, item.name)
        shown = ("（已设置）" if value else "") if item.metadata["secret"] else str(value)
        rows.append(
            SettingRow(env_name(item.name), str(item.default), shown, item.metadata["help"])
        )
    return rows
