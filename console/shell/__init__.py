"""Qt that all screens share."""

from console.shell import immortal

immortal.keep_singletons()
