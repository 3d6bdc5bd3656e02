# `make help` lists the commands. Arguments are passed with ARGS, for example: make test ARGS="-k lifecycle"
COMMANDS = demo up down status test chaos bench contracts map parked log webhooks county rosters routing lint lock clean

.PHONY: help $(COMMANDS)
help:
	@./fengqiao help

$(COMMANDS):
	@./fengqiao $@ $(ARGS)
