"""What can go wrong with knowledge."""

from __future__ import annotations

from hotline.errors import InvalidInput, NotFound


class ArticleNotFound(NotFound):
    """No published article has this slug."""

    code = "article_not_found"
    message = "没有找到这篇知识条目，可能已更新或下线。"


class BadArticle(InvalidInput):
    """The file is not a well-formed article; the message names the file and the field."""

    code = "bad_article"
