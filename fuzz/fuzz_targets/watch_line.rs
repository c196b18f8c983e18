//! A line of a watch, and a page of a list, of kinds that have little in common.
#![no_main]

use libfuzzer_sys::fuzz_target;
use surety::{
    core::facts::Kind,
    decode::{list_page, watch_line},
};

fuzz_target!(|input: &[u8]| {
    for kind in [Kind::Pod, Kind::NetworkPolicy, Kind::VeleroBackup, Kind::Tenant, Kind::TenantRecord] {
        let _ = watch_line(kind, input);
        let _ = list_page(kind, input, drop);
    }
});
