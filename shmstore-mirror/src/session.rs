//! The connection to other hosts: a zenoh session, with its limits and permissions.

use serde_json::{Value, json};
use zenoh::{Config, Session, Wait};

use crate::error::MirrorError;
use crate::settings::{Network, Role, Settings};
use crate::wire::SessionKey;

/// A peer that says nothing for this time is gone. It says something four times in this time.
const LEASE_MS: u64 = 4_000;

/// The longest message besides the values of an object, in bytes.
const OVERHEAD: u64 = 16 << 20;

/// Opens the session. It connects in the background.
pub(crate) fn open(settings: &Settings, role: Role) -> Result<Session, MirrorError> {
    let text = config(settings, role).to_string();
    let config = Config::from_json5(&text).map_err(MirrorError::network("use the network settings"))?;
    zenoh::open(config).wait().map_err(MirrorError::network("open the network"))
}

fn config(settings: &Settings, role: Role) -> Value {
    let Network { listen, connect, authority, certificate, key, insecure } = &settings.network;
    let retry = json!({ "period_init_ms": 100, "period_max_ms": 1000, "period_increase_factor": 1.5 });
    let mut config = json!({
        "mode": "peer",
        "listen": { "endpoints": listen, "exit_on_failure": true, "timeout_ms": 0 },
        "connect": { "endpoints": connect, "exit_on_failure": false, "timeout_ms": -1, "retry": retry },
        "open": { "return_conditions": { "connect_scouted": false, "declares": false } },
        "scouting": { "multicast": { "enabled": false }, "gossip": { "enabled": false } },
        "transport": {
            "unicast": { "open_timeout": 5000, "accept_timeout": 5000, "accept_pending": 16, "max_sessions": 64 },
            "link": {
                "tx": { "lease": LEASE_MS },
                "rx": { "max_message_size": largest_message(settings, role) },
            },
            "shared_memory": { "enabled": false },
        },
    });
    if !insecure {
        config["transport"]["link"]["tls"] = json!({
            "root_ca_certificate": authority,
            "enable_mtls": true,
            "listen_certificate": certificate,
            "listen_private_key": key,
            "connect_certificate": certificate,
            "connect_private_key": key,
            "verify_name_on_connect": true,
            "close_link_on_expiration": true,
        });
        config["access_control"] = permissions(settings, role);
    }
    config
}

/// The largest message that this side accepts. An exporter gets requests only.
fn largest_message(settings: &Settings, role: Role) -> u64 {
    match role {
        Role::Export => OVERHEAD,
        Role::Import => {
            let largest = settings.import.iter().map(|import| import.max_bytes).max().unwrap_or(0);
            largest.saturating_add(OVERHEAD).min(usize::MAX as u64 / 2)
        }
    }
}

/// The permissions of hosts, by the common names of their certificates. All else is refused, in both directions.
fn permissions(settings: &Settings, role: Role) -> Value {
    let (mut rules, mut subjects, mut policies) = (Vec::new(), Vec::new(), Vec::new());
    let mut allow = |id: &str, keys: &str, origin_flow: &str, host: &crate::name::Name| {
        let copier_flow = if origin_flow == "egress" { "ingress" } else { "egress" };
        let of_origin = json!(["put", "delete", "reply", "declare_queryable", "liveliness_token"]);
        let of_copier = json!(["query", "declare_subscriber", "declare_liveliness_subscriber", "liveliness_query"]);
        for (part, messages, flow) in [("origin", of_origin, origin_flow), ("copier", of_copier, copier_flow)] {
            let rule = format!("{id}-{part}");
            rules.push(json!({
                "id": rule, "permission": "allow", "flows": [flow], "messages": messages, "key_exprs": [keys],
            }));
            policies.push(json!({ "rules": [rule], "subjects": [id] }));
        }
        subjects.push(json!({ "id": id, "cert_common_names": [host] }));
    };
    match role {
        Role::Export => {
            let keys = SessionKey::everything_of(settings.own_name());
            for host in &settings.export.to {
                allow(&format!("to-{host}"), &keys, "egress", host);
            }
        }
        Role::Import => {
            for import in &settings.import {
                let keys = SessionKey::everything_of(&import.from);
                allow(&format!("from-{}", import.from), &keys, "ingress", &import.from);
            }
        }
    }
    json!({
        "enabled": true, "default_permission": "deny", "rules": rules, "subjects": subjects, "policies": policies,
    })
}
