//! One small capture for each behaviour, by name. Together they make one capture, since no two share a connection.
//!
//! Addresses are those kept for documentation (RFC 5737, RFC 3849), but for servers of Apple: detectors go by these.

mod apns;
mod mmtls;

use super::conversation::{Line, SECOND, START_NS};
use super::{tcp_v4, tcp_v6};
use crate::packet::Packet;

/// A behaviour and the packets that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// What it shows.
    pub name: &'static str,
    /// In order of capture.
    pub packets: Vec<Packet>,
}

/// All scenes.
pub fn scenes() -> Vec<Scene> {
    let mut stage = Stage::default();
    mmtls::play(&mut stage);
    apns::play(&mut stage);
    stage.scenes
}

/// The scenes so far.
#[derive(Default)]
struct Stage {
    scenes: Vec<Scene>,
}

impl Stage {
    fn show(&mut self, name: &'static str, packets: Vec<Packet>) {
        self.scenes.push(Scene { name, packets });
    }

    /// Of what is random in the next scene.
    fn seed(&self) -> u64 {
        self.scenes.len() as u64
    }

    /// A connection of the next scene.
    fn v4(&self, server: [u8; 4], port: u16) -> Line {
        self.own(tcp_v4([192, 0, 2, 10], server, port))
    }

    /// The same over IPv6.
    fn v6(&self, server: [u16; 8], port: u16) -> Line {
        self.own(tcp_v6([0x2001, 0xdb8, 0, 1, 0, 0, 0, 10], server, port))
    }

    fn own(&self, line: Line) -> Line {
        let number = self.scenes.len() as u16;
        let start_ns = START_NS + i64::from(number) * SECOND;
        Line { ports: (line.ports.0 + number, line.ports.1), start_ns, ..line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Content;
    use std::collections::BTreeSet;

    /// Ports of the first packet, the higher one first: that of the client.
    fn connection(scene: &Scene) -> (u16, u16) {
        let Content::Ip(ip) = &scene.packets[0].content else { unreachable!("scenes are of IP") };
        let (src, dst) = ip.transport.ports().expect("scenes are of TCP");
        (src.max(dst), src.min(dst))
    }

    #[test]
    fn scenes_have_names_and_connections_of_their_own() {
        let scenes = scenes();
        let names: BTreeSet<_> = scenes.iter().map(|scene| scene.name).collect();
        let connections: BTreeSet<_> = scenes.iter().map(connection).collect();
        assert_eq!((names.len(), connections.len()), (scenes.len(), scenes.len()));
        assert!(scenes.iter().all(|scene| scene.packets.is_sorted_by_key(|packet| packet.time_ns)));
    }
}
