"""Attempts to give the service orders or to look into it: prompts, roles, secrets, its inside.

Nothing here is dangerous, since no model takes orders from residents; it is recognised so that the
answer is one plain line, and never an article that happens to sound alike.
"""

from __future__ import annotations

import re

_INJECTION = re.compile(
    r"(?:忽略|无视|忘(?:掉|记|了)|跳过|解除|绕过|关闭|取消)[^，。]{0,12}(?:指令|规则|提示|设定|限制|要求|约束|安全|身份|角色)"
    r"|(?:系统|初始|隐藏|内部|原始|预设)(?:提示|指令|设定|消息|prompt)|提示词|咒语|system\s*(?:prompt|message)|your\s+(?:prompt|instructions|rules)"
    r"|(?:previous|prior|above|all|your)\s+(?:instructions?|rules|prompts?)|you\s+are\s+now|pretend\s+(?:to|you)|act\s+as\b|do\s+anything\s+now|jailbreak|developer\s+mode"
    r"|开发者模式|调试模式|越狱|上帝模式|管理员模式|最高权限|没有任何限制|不受[^，。]{0,4}限制"
    r"|(?:从现在(?:起|开始)|你现在|接下来)[^，。]{0,4}(?:你)?(?:是|扮演|叫|当)|扮演|角色扮演|假装你|假设你是|装作"
    r"|(?:源代码|源码|你的代码|后台代码|配置文件|数据库|知识库文件|训练数据|日志文件)|密钥|(?:管理员|后台|root|系统)[^，。]{0,3}(?:密码|账号|口令|权限)|api[\s_-]*key|access\s*token|密码是多少"
    r"|(?:什么|哪个|哪家|啥|底层|大|语言)(?:的)?(?:大|语言)?模型|模型(?:名称|版本|参数)|(?:谁|哪家|哪个公司|什么公司)[^，。]{0,5}(?:开发|训练|做的|研发|写的)|你[^，。]{0,4}(?:怎么训练|什么架构|用什么(?:技术|语言))"
    r"|(?:重复|复述|输出|打印|告诉我|显示|说出)[^，。]{0,6}(?:上面|以上|之前|第一句|收到)[^，。]{0,8}(?:话|内容|消息|文字|文本|指令)"
    r"|(?:所有|全部|其他|别的|别)[^，。]{0,6}(?:市民|投诉人|举报人|用户|人)的?(?:电话|手机|姓名|地址|信息|资料|工单)|(?:谁|哪个人)(?:举报|投诉)的?我"
    r"|\bdrop\s+table|\bselect\b.+\bfrom\b|\bunion\s+select|<\s*script|rm\s+-rf|\$\{|\{\{|jndi:|base64",
    re.IGNORECASE | re.DOTALL,
)


def is_injection(text: str) -> bool:
    """Whether the message orders the service about or asks for its inside."""
    return _INJECTION.search(text) is not None
