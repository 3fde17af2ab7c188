"""The operators' console (坐席工作台): accounts, the desk, cases to read, operators to manage."""
