"""What WeChat and WeCom share: crypto, tokens, the journal, sending windows, delivery."""
