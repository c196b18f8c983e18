//! What people do to a cluster in which Surety runs, and what becomes of it. One control plane and one installation
//! of two replicas for all stories; each has a tenant and a namespace of its own.

#[path = "stories/deletion.rs"]
mod deletion;
#[path = "stories/doors.rs"]
mod doors;
#[path = "stories/drift.rs"]
mod drift;
#[path = "stories/intent.rs"]
mod intent;
#[path = "stories/observed.rs"]
mod observed;
#[path = "stories/rights.rs"]
mod rights;
#[path = "stories/tenancy.rs"]
mod tenancy;
#[path = "stories/time.rs"]
mod time;

use std::process::ExitCode;

use e2e::ControlPlane;
use e2e::stories;
use e2e::stories::Stage;
use e2e::stories::runner::{self, Programme};

static PROGRAMME: Programme<Stage<'static>> = Programme {
    stories: &stories![
        doors::a_conforming_application_goes_in_and_offenders_are_refused_at_every_door,
        doors::every_way_to_a_volume_is_judged,
        doors::a_claim_without_a_class_is_judged_by_the_default_of_the_cluster,
        tenancy::a_namespace_joins_by_list_by_selector_or_by_a_listed_creator,
        tenancy::nobody_but_surety_moves_the_label_of_a_claimed_namespace,
        tenancy::a_tenant_that_holds_namespaces_is_not_deleted_until_it_has_let_them_go,
        tenancy::a_namespace_that_was_deleted_and_comes_back_is_adopted_again,
        drift::a_fence_that_goes_under_warn_comes_back_and_under_deny_does_not_go,
        drift::what_no_policy_and_no_promise_asks_for_is_withdrawn,
        drift::a_level_that_somebody_else_set_stays_and_is_said_and_the_namespace_is_labelled_all_the_same,
        drift::under_observed_nothing_is_written_but_what_is_said_and_remembered,
        deletion::data_that_must_be_kept_is_not_deleted_in_any_way,
        deletion::data_that_went_where_nobody_refuses_is_found,
        deletion::definitions_that_promises_rest_on_are_not_deleted,
        intent::a_waiver_lets_pass_until_its_second_and_an_attestation_counts,
        intent::a_dry_run_is_answered_alike_and_leaves_no_trace,
        intent::what_was_failing_already_may_stay_and_scale_but_not_worsen,
        intent::what_was_failing_already_is_not_changed_after_the_date_but_scales,
        intent::whoever_ends_a_waiver_is_told_how_many_findings_that_opens,
        intent::a_whole_tenant_goes_in_with_one_apply,
        observed::a_refusal_is_told_in_its_namespace_and_a_dry_run_is_not,
        observed::break_glass_passes_with_a_warning_and_is_told_counted_and_recorded,
        deletion::a_young_recovery_point_and_its_schedule_stay,
        time::a_recovery_point_that_was_deleted_is_missed_at_that_second_at_the_latest,
        time::a_recovery_point_that_grows_too_old_is_found_at_that_second,
    ],
    afterwards: &stories![
        observed::a_registration_that_was_deleted_is_a_gap_until_it_is_back,
        rights::a_registration_that_somebody_loosened_is_made_anew,
        rights::surety_uses_what_it_may_and_asks_for_nothing_else,
    ],
    at_a_time: 6,
};

fn main() -> ExitCode {
    runner::run(&PROGRAMME, async |_| {
        let control_plane = ControlPlane::shared().await?;
        Stage::set(control_plane, 2).await?.with_profiles_and_samples().await
    })
}
