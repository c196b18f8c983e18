//! The vocabularies.

pub(super) const TENANTS: [&str; 3] = ["one", "two", "three"];
pub(super) const TIERS: [&str; 2] = ["gold", "silver"];
/// Namespaces of tenants, as they are meant.
pub(super) const NAMESPACES: [&str; 4] = ["one-prod", "one-dev", "two-prod", "self-made"];
pub(super) const ENGINE_NAMESPACES: [&str; 2] = ["velero", "backups"];
pub(super) const ENVIRONMENTS: [&str; 3] = ["prod", "staging", "dev"];
pub(super) const PROFILES: [&str; 2] = ["annex", "terms"];
pub(super) const COMMITMENTS: [&str; 6] = ["C-1", "C-2", "C-3", "C-4", "C-5", "C-6"];
pub(super) const DATA_CLASSES: [&str; 4] = ["customer", "logs", "scratch", "invented"];
pub(super) const STORAGE_CLASSES: [&str; 3] = ["fast", "slow", "plain"];
pub(super) const VOLUMES: [&str; 3] = ["pv-a", "pv-b", "pv-c"];
pub(super) const CLAIMS: [&str; 3] = ["data", "cache", "data-db-0"];
pub(super) const KEYS: [&str; 2] = ["key-1", "key-2"];
pub(super) const SPANS: [&str; 14] =
    ["20s", "5m", "10m", "90m", "1h", "6h", "1d", "7d", "2w", "30d", "1mo", "6mo", "1y", "7y"];
pub(super) const HOSTS: [&str; 4] = ["app.example.com", "api.example.com", "*.example.com", "example.org"];
pub(super) const USERS: [&str; 6] = [
    "developer",
    "system:serviceaccount:gitops:deployer",
    "system:serviceaccount:kube-system:generic-garbage-collector",
    ENGINE_USER,
    SURETY_USER,
    "operator",
];
pub(in crate::parity) const ENGINE_USER: &str = "system:serviceaccount:velero:velero";
pub(in crate::parity) const SURETY_USER: &str = "system:serviceaccount:surety-system:surety";
pub(super) const CRONS: [&str; 9] = [
    "17 2 * * *",
    "0 * * * *",
    "*/15 * * * *",
    "@every 6h",
    "@daily",
    "0 0 30 2 *",
    "not a cron",
    "CRON_TZ=Europe/Vienna 30 3 * * 1",
    "TZ=Nowhere/Else 0 0 * * *",
];
