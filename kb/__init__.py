"""What is known: articles (知识条目) with their sources, places, and the search over them."""
