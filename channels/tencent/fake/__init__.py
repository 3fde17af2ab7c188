"""A fake WeChat and a fake WeCom: for tests, and for trying out by hand (`hotline dev wechat`).

They sign and encrypt as the real ones do, repeat what is not answered within five seconds, count
quotas, let tokens expire and answer errors with their numbers.
"""
