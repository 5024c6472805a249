"""Android's tables of sockets and packages become rows."""

import unittest

from weir.labels import LogError, Row
from weir.labels.android import read, read_packages

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "00000000:00000000 00:00000000 00000000"
LOG = f"""\
1700000000
==> /proc/net/tcp <==
{HEADER}   0: 0100007F:1F90 00000000:0000 0A {REST}  1000        0 1 1
   1: 0201A8C0:B26E 04030201:01BB 01 {REST} 10123        0 2 1
   2: 0201A8C0:B26F 04030201:01BB 06 {REST}     0        0 0 3

==> /proc/net/tcp6 <==
{HEADER}   0: B80D0120000000000000000001000000:C350 B80D0120000000000000000002000000:01BB 01 {REST} 1010200        0 3 1
   1: 0000000000000000FFFF00000201A8C0:C351 0000000000000000FFFF000004030201:01BB 01 {REST} 10999        0 3 1

==> /proc/net/udp <==
{HEADER}  77: 00000000:14E9 00000000:0000 07 {REST}  1020        0 4 2
1700000001
"""

PACKAGES = "package:com.tencent.mm uid:10123\npackage:com.b uid:10200,1010200\npackage:com.a uid:10200\n"


class Android(unittest.TestCase):
    def test_sockets_are_labelled_with_the_packages_of_their_user_ids(self):
        rows = read(LOG.splitlines(), read_packages(PACKAGES.splitlines()))
        expected = {
            Row("192.168.1.2", 45678, "1.2.3.4", 443, 6, None, 1700000001, "com.tencent.mm", uid=10123),
            Row("2001:db8::1", 50000, "2001:db8::2", 443, 6, None, 1700000001, "com.b", uid=1010200),
            Row("192.168.1.2", 50001, "1.2.3.4", 443, 6, None, 1700000001, "uid-10999", uid=10999),
            Row(None, 5353, None, None, 17, None, 1700000001, "uid-1020", uid=1020),
        }
        self.assertEqual(set(rows), expected)

    def test_packages_of_one_user_id_are_named_together(self):
        self.assertEqual(read_packages(PACKAGES.splitlines())[10200], "com.a+com.b")
        self.assertEqual(read_packages(["com.x 10001 0 /data/user/0/com.x default"]), {10001: "com.x"})
        with self.assertRaisesRegex(LogError, "line 2: it names no package"):
            read_packages(["com.x 10001", "com.y"])

    def test_the_second_user_of_a_phone_has_the_same_packages(self):
        log = LOG.replace(" 10123 ", " 1010123 ")
        rows = read(log.splitlines(), read_packages(PACKAGES.splitlines()))
        self.assertEqual({row.label for row in rows if row.uid == 1010123}, {"com.tencent.mm"})

    def test_logs_that_cannot_be_used_are_refused_with_the_line(self):
        entry = f"   1: 0201A8C0:B26E 04030201:01BB 01 {REST} 10123 0 2 1"
        for log, said in (
            (["1700000000", entry], "line 2: an entry before the name of its table"),
            (["==> /proc/net/tcp <==", entry], "line 2: a socket before the first time"),
            (["1700000000", "==> /proc/net/tcp <==", entry[:60]], "line 3: the entry has no user id"),
        ):
            with self.assertRaises(LogError) as caught:
                read(log)
            self.assertIn(said, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
