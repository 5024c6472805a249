"""System calls become rows."""

import contextlib
import io
import tempfile
import unittest
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from weir.labels import LogError, Row
from weir.labels.__main__ import main
from weir.labels.strace import Trace


def v4(host, port):
    return f'{{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("{host}")}}'


def v6(host, port):
    return (f'{{sa_family=AF_INET6, sin6_port=htons({port}), sin6_flowinfo=htonl(0), '
            f'inet_pton(AF_INET6, "{host}", &sin6_addr), sin6_scope_id=0}}')


TCP = "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3"
UDP = "socket(AF_INET6, SOCK_DGRAM|SOCK_NONBLOCK, IPPROTO_IP) = 4"


def read(*calls, start=1700000000, pid=10, **options):
    """Rows of calls, one a second, of one process unless a call begins with the number of another."""
    lines = []
    for number, call in enumerate(calls):
        own, text = (call.split(" ", 1) if call[0].isdigit() else (pid, call))
        lines.append(f"{own} {start + number}.000001 {text}")
    return Trace(**options).read(lines)


def at(second):
    return Decimal(f"{1700000000 + second}.000001")


class Strace(unittest.TestCase):
    def test_a_connection_lives_from_connect_to_close(self):
        rows = read(
            'execve("/usr/bin/curl", ["curl"], 0x1 /* 9 vars */) = 0', TCP,
            f"connect(3, {v4('1.2.3.4', 443)}, 16) = -1 EINPROGRESS (Operation now in progress)",
            f"getsockname(3, {v4('192.168.1.2', 45678)}, [128 => 16]) = 0",
            "close(3) = 0",
        )
        self.assertEqual(rows, [Row("192.168.1.2", 45678, "1.2.3.4", 443, 6, at(2), at(4), "curl", 10)])

    def test_datagrams_give_a_row_for_each_peer(self):
        rows = read(
            UDP, f"bind(4, {v6('::', 5000)}, 28) = 0",
            f'sendto(4, "x, y)"..., 9, 0, {v6("2001:db8::1", 53)}, 28) = 9',
            f"recvmsg(4, {{msg_name={v6('::ffff:1.2.3.4', 53)}, msg_namelen=28}}, 0) = 9",
            f"sendmmsg(4, [{{msg_hdr={{msg_name={v6('2001:db8::1', 53)}}}}}, "
            f"{{msg_hdr={{msg_name={v6('2001:db8::2', 54)}}}}}], 2, 0) = 2",
            label="app",
        )
        expected = [
            Row(None, 5000, "2001:db8::1", 53, 17, at(2), None, "app", 10),
            Row(None, 5000, "1.2.3.4", 53, 17, at(3), None, "app", 10),
            Row(None, 5000, "2001:db8::2", 54, 17, at(4), None, "app", 10),
        ]
        self.assertEqual(rows, expected)

    def test_a_bound_port_without_peers_is_a_row_of_its_own_end(self):
        rows = read(UDP, f"bind(4, {v6('::', 5353)}, 28) = 0", "close(4) = 0")
        self.assertEqual(rows, [Row(None, 5353, None, None, 17, at(0), at(2), "pid-10", 10)])

    def test_local_addresses_are_read_from_descriptors(self):
        rows = read(
            "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3<TCP:[4711]>",
            f"connect(3<TCP:[4711]>, {v4('1.2.3.4', 443)}, 16) = 0",
            'sendto(3<TCP:[192.168.1.2:45678->1.2.3.4:443]>, "x", 1, 0, NULL, 0) = 1',
            'sendto(9<UDPv6:[[2001:db8::1]:7->[2001:db8::2]:8]>, "x", 1, 0, NULL, 0) = 1',
        )
        expected = {
            Row("192.168.1.2", 45678, "1.2.3.4", 443, 6, at(1), None, "pid-10", 10),
            Row("2001:db8::1", 7, "2001:db8::2", 8, 17, at(3), None, "pid-10", 10),
        }
        self.assertEqual(set(rows), expected)

    def test_an_accepted_connection_has_the_port_of_its_listener(self):
        rows = read(
            TCP, f"bind(3, {v4('0.0.0.0', 80)}, 16) = 0", "listen(3, 5) = 0",
            f"accept4(3, {v4('1.2.3.4', 50000)}, [128 => 16], SOCK_CLOEXEC) = 5",
            "close(5) = 0",
        )
        self.assertEqual(rows, [Row(None, 80, "1.2.3.4", 50000, 6, at(3), at(4), "pid-10", 10)])

    def test_calls_that_were_interrupted_are_put_together(self):
        rows = read(
            TCP, f"connect(3, {v4('1.2.3.4', 443)}, 16 <unfinished ...>",
            "11 close(99) = -1 EBADF (Bad file descriptor)", "<... connect resumed>) = 0", "close(3) = 0",
        )
        self.assertEqual([(row.start, row.end) for row in rows], [(at(1), at(4))])
        rows = read(
            TCP, f"bind(3, {v4('0.0.0.0', 80)}, 16) = 0", "accept(3, <unfinished ...>",
            f"<... accept resumed>{v4('1.2.3.4', 5)}, [128 => 16]) = 5",
        )
        self.assertEqual([(row.dst_ip, row.start) for row in rows], [("1.2.3.4", at(2))])

    def test_a_copied_descriptor_keeps_the_socket_open(self):
        connect = f"connect(3, {v4('1.2.3.4', 443)}, 16) = 0"
        rows = read(TCP, connect, "dup2(3, 7) = 7", "close(3) = 0", "close(7) = 0")
        self.assertEqual([row.end for row in rows], [at(4)])
        rows = read(TCP, connect, "dup2(3, 3) = 3", "close(3) = 0")
        self.assertEqual([row.end for row in rows], [at(3)])
        rows = read(TCP, connect, "fork() = 11", "close(3) = 0", "11 close(3) = 0")
        self.assertEqual([row.end for row in rows], [at(4)])

    def test_threads_share_descriptors_and_processes_do_not(self):
        connect = f"11 connect(3, {v4('1.2.3.4', 443)}, 16) = 0"
        thread = "clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, stack=0x1} => {parent_tid=[11]}, 88) = 11"
        self.assertEqual(len(read(thread, TCP, connect)), 1)
        self.assertEqual(len(read("clone(child_stack=NULL, flags=SIGCHLD) = 11", TCP, connect)), 0)
        self.assertEqual(len(read(TCP, connect)), 1)

    def test_the_end_of_a_process_ends_its_sockets(self):
        rows = read(TCP, f"connect(3, {v4('1.2.3.4', 443)}, 16) = 0", "+++ exited with 0 +++")
        self.assertEqual([row.end for row in rows], [at(2)])

    def test_times_of_day_take_a_date_and_pass_midnight(self):
        log = [f"[pid  10] 23:59:59.5 {TCP}", f"[pid  10] 00:00:00.25 connect(3, {v4('1.2.3.4', 443)}, 16) = 0",
               "[pid  10] 00:00:01 close(3) = 0"]
        rows = Trace(date=date(2026, 1, 2), offset=timedelta(hours=1)).read(log)
        midnight = 1767394800
        self.assertEqual([(row.start, row.end) for row in rows], [(midnight + Decimal("0.25"), midnight + 1)])
        with self.assertRaisesRegex(LogError, "line 1: `23:59:59.5` is a time without a date"):
            Trace().read(log)

    def test_what_sends_nothing_is_no_row(self):
        unreachable = f"connect(3, {v4('1.2.3.4', 443)}, 16) = -1 ENETUNREACH (Network is unreachable)"
        self.assertEqual(read(TCP, unreachable), [])
        unix = 'connect(3, {sa_family=AF_UNIX, sun_path="/x"}, 9) = 0'
        self.assertEqual(read("socket(AF_UNIX, SOCK_STREAM, 0) = 3", unix), [])

    def test_the_command_writes_a_file_of_labels_or_one_sentence(self):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "trace.log")
            log.write_text(f"10 1700000000.5 {TCP}\n10 1700000001.5 connect(3, {v4('1.2.3.4', 443)}, 16) = 0\n")
            out, said = io.StringIO(), io.StringIO()
            self.assertEqual(main(["strace", "--label", "app", str(log)], out), 0)
            self.assertEqual(out.getvalue(), "src_ip,src_port,dst_ip,dst_port,l4_proto,start,end,label,pid\n"
                                             ",,1.2.3.4,443,6,1700000001.5,,app,10\n")
            log.write_text("nothing\n")
            with contextlib.redirect_stderr(said):
                self.assertEqual(main(["strace", str(log)], out), 1)
            self.assertIn("no socket with an owner was found", said.getvalue())


if __name__ == "__main__":
    unittest.main()
