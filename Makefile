# Each word is explained by `make help`; arguments go after ARGS=, for example: make test ARGS="-k lifecycle"
WORDS = demo up down status test chaos bench contracts map parked log webhooks county rosters routing lint lock clean

.PHONY: help $(WORDS)
help:
	@./fengqiao help

$(WORDS):
	@./fengqiao $@ $(ARGS)
