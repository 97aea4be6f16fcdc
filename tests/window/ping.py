#!/usr/bin/env python3
"""Asks a window again and again whether it still answers, and writes how long each answer took.

    ping.py WINDOW PID OUT

A window manager does the same to find programs that hang: it sends the message _NET_WM_PING, and
the window's own thread sends it back as soon as it reads its events again. Each line of OUT is
the seconds that an answer took, and the seconds of processor time that the window's thread used
meanwhile: a thread that waits for a busy machine uses little. A last line without a second
number is an answer that had not come when the script was ended. Needs libX11 alone.
"""

import ctypes
import os
import select
import signal
import sys
import time

EVERY_SECS = 0.05
CLIENT_MESSAGE = 33
SUBSTRUCTURE_NOTIFY = 1 << 19


class ClientMessage(ctypes.Structure):
    """XClientMessageEvent, in the room of the largest event."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("rest", ctypes.c_long * 24),
    ]


def cpu_secs(pid):
    """Processor time of the process's first thread, which is the window's."""
    try:
        with open(f"/proc/{pid}/task/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    window, pid = int(sys.argv[1]), int(sys.argv[2])
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.restype = ctypes.c_ulong
    x11.XInternAtom.restype = ctypes.c_ulong
    display = ctypes.c_void_p(x11.XOpenDisplay(None))
    if not display:
        sys.exit("ping.py: no display")
    # The window may go at any time.
    on_error = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda *_: 0)
    x11.XSetErrorHandler(on_error)
    root = ctypes.c_ulong(x11.XDefaultRootWindow(display))
    protocols = x11.XInternAtom(display, b"WM_PROTOCOLS", 0)
    ping = x11.XInternAtom(display, b"_NET_WM_PING", 0)
    x11.XSelectInput(display, root, ctypes.c_long(SUBSTRUCTURE_NOTIFY))
    connection = x11.XConnectionNumber(display)

    sent_at, cpu_at = None, 0.0
    out = open(sys.argv[3], "a", buffering=1)

    def end(*_):
        if sent_at is not None:
            out.write(f"{time.monotonic() - sent_at:.3f}\n")
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    number = 0
    while True:
        number += 1
        message = ClientMessage(
            type=CLIENT_MESSAGE, window=window, message_type=protocols, format=32
        )
        message.data[:] = [ping, number, window, 0, 0]
        cpu_at, sent_at = cpu_secs(pid), time.monotonic()
        x11.XSendEvent(display, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(message))
        x11.XFlush(display)
        while sent_at is not None:
            if not x11.XPending(display):
                select.select([connection], [], [], 0.2)
                continue
            event = ClientMessage()
            x11.XNextEvent(display, ctypes.byref(event))
            if event.type == CLIENT_MESSAGE and list(event.data[:2]) == [ping, number]:
                took = time.monotonic() - sent_at
                out.write(f"{took:.3f} {cpu_secs(pid) - cpu_at:.2f}\n")
                sent_at = None
        time.sleep(EVERY_SECS)


main()
