"""Listings of sockets become rows with the interval in which a socket may have lived."""

import io
import unittest
from decimal import Decimal

from weir.labels import LogError, Row, write
from weir.labels.listings import read_netstat, read_ss

SS = """\
1700000000.5
Netid State  Recv-Q Send-Q Local Address:Port   Peer Address:Port Process
tcp   LISTEN 0      128          0.0.0.0:22          0.0.0.0:*    users:(("sshd",pid=7,fd=3))
udp   UNCONN 0      0      127.0.0.1%lo:53           0.0.0.0:*    users:(("resolved",pid=8,fd=12))
1700000001.5
tcp   ESTAB  0      0       192.168.1.2:45678        1.2.3.4:443  users:(("firefox",pid=1234,fd=56),("x",pid=9,fd=1))
udp   UNCONN 0      0      127.0.0.1%lo:53           0.0.0.0:*    users:(("resolved",pid=8,fd=12))
1700000002.5
tcp   TIME-WAIT 0   0       192.168.1.2:45678        1.2.3.4:443
tcp   ESTAB  0      0      [2001:db8::1]:50000 [2001:db8::2]:443  users:(("curl",pid=5,fd=3))
tcp   ESTAB  0      0      [::ffff:10.0.0.1]:1    [::ffff:10.0.0.2]:2
1700000003.5
"""

NETSTAT = """\
2023-11-14T22:13:20+00:00
Active Internet connections (w/o servers)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name
tcp        0      0 192.168.1.2:45678       1.2.3.4:443             ESTABLISHED 1234/sshd: user
tcp        0      0 192.168.1.2:45679       1.2.3.4:443             TIME_WAIT   -
tcp6       0      0 2001:db8::1:50000       2001:db8::2:443         ESTABLISHED 5/curl
udp        0      0 0.0.0.0:68              0.0.0.0:*                           6/dhclient
udp6       0      0 :::546                  :::*
2023-11-14T23:13:21,5+01:00
"""


def seconds(text):
    return Decimal(text)


class Listings(unittest.TestCase):
    def test_a_socket_lives_from_the_listing_before_to_the_one_after(self):
        rows, unowned = read_ss(SS.splitlines())
        self.assertEqual(unowned, 1)
        expected = {
            Row("127.0.0.1", 53, None, None, 17, None, seconds("1700000002.5"), "resolved", 8),
            Row("192.168.1.2", 45678, "1.2.3.4", 443, 6, seconds("1700000000.5"), seconds("1700000002.5"),
                "firefox", 1234),
            Row("2001:db8::1", 50000, "2001:db8::2", 443, 6, seconds("1700000001.5"), seconds("1700000003.5"),
                "curl", 5),
        }
        self.assertEqual(set(rows), expected)

    def test_netstat_says_the_same_in_other_columns(self):
        rows, unowned = read_netstat(NETSTAT.splitlines())
        self.assertEqual(unowned, 1)
        end = seconds("1700000001.5")
        expected = {
            Row("192.168.1.2", 45678, "1.2.3.4", 443, 6, None, end, "sshd", 1234),
            Row("2001:db8::1", 50000, "2001:db8::2", 443, 6, None, end, "curl", 5),
            Row(None, 68, None, None, 17, None, end, "dhclient", 6),
        }
        self.assertEqual(set(rows), expected)

    def test_a_port_that_changes_hands_gives_two_rows(self):
        line = 'udp UNCONN 0 0 10.0.0.1:{} 0.0.0.0:* users:(("{}",pid={},fd=3))'
        log = [f"{time}\n{line.format(5000, name, pid)}" for time, name, pid in
               ((1700000000, "a", 1), (1700000001, "a", 1), (1700000002, "b", 2))]
        rows, _ = read_ss("\n".join(log).splitlines())
        told = [(row.start, row.end, row.label) for row in rows]
        self.assertEqual(told, [(None, 1700000002, "a"), (1700000001, None, "b")])

    def test_logs_that_cannot_be_used_are_refused_with_the_line(self):
        socket = 'tcp ESTAB 0 0 10.0.0.1:1 10.0.0.2:2 users:(("a",pid=1,fd=3))'
        for log, said in (
            ([socket], "line 1: a socket before the first time"),
            (["1700000001", socket, "1700000000"], "line 3: its time is before that of line 1"),
            (["2023-11-14T22:13:20"], "line 1: the time `2023-11-14T22:13:20` has no offset"),
            (["1700000001", "tcp ESTAB 0 0 10.0.0.1:1"], "line 2: it has fewer columns"),
            (["1700000001", "tcp ESTAB 0 0 10.0.0.999:1 10.0.0.2:2"], "line 2: '10.0.0.999'"),
        ):
            with self.assertRaises(LogError) as caught:
                read_ss(log)
            self.assertIn(said, str(caught.exception))
        with self.assertRaisesRegex(LogError, "line 2: it is no line of `netstat"):
            read_netstat(["1700000001", "tcp what"])

    def test_rows_are_written_in_order_without_columns_that_none_has(self):
        out = io.StringIO()
        late = Row("10.0.0.1", 1, None, None, 6, seconds("5.25"), None, "b, c", uid=10123)
        write([late, Row(None, 2, "::1", None, 17, None, seconds("7"), "a")], out)
        self.assertEqual(out.getvalue(), "src_ip,src_port,dst_ip,dst_port,l4_proto,start,end,label,uid\n"
                                         ",2,::1,,17,,7,a,\n"
                                         '10.0.0.1,1,,,6,5.25,,"b, c",10123\n')


if __name__ == "__main__":
    unittest.main()
