using Marten.Events;
using Traceability.Domain;
using Traceability.Domain.Audits;
using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints;
using Traceability.Domain.Operators;
using Traceability.Domain.Parts;
using Traceability.Domain.Products;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Domain.Trades;

namespace Traceability.Storage;

/// <summary>The stored name of every event, for ever: renaming a class never renames history.</summary>
internal static class EventNames
{
    public static void Pin(IEventStoreOptions events)
    {
        events.MapEventType<OperatorEnrolled>("operator_enrolled");
        events.MapEventType<OperatorSuspended>("operator_suspended");
        events.MapEventType<OperatorReinstated>("operator_reinstated");
        events.MapEventType<KeyPublished>("key_published");
        events.MapEventType<KeyRevoked>("key_revoked");

        events.MapEventType<PartRegistered>("part_registered");
        events.MapEventType<PartRetired>("part_retired");
        events.MapEventType<BillOfMaterialsDeclared>("bill_of_materials_declared");
        events.MapEventType<BillOfMaterialsRevised>("bill_of_materials_revised");

        events.MapEventType<TradeRequested>("trade_requested");
        events.MapEventType<TradeAccepted>("trade_accepted");
        events.MapEventType<TradeRejected>("trade_rejected");
        events.MapEventType<TradeCancelled>("trade_cancelled");
        events.MapEventType<TradeEnded>("trade_ended");

        events.MapEventType<ReleaseGranted>("release_granted");
        events.MapEventType<ReleaseRevoked>("release_revoked");

        events.MapEventType<DecisionsLogged>("decisions_logged");

        events.MapEventType<ContributionDeclared>("contribution_declared");
        events.MapEventType<ContributionRevised>("contribution_revised");
        events.MapEventType<FootprintRolledUp>("footprint_rolled_up");
        events.MapEventType<FootprintProposed>("footprint_proposed");
        events.MapEventType<FootprintApproved>("footprint_approved");
        events.MapEventType<FootprintHeld>("footprint_held");
        events.MapEventType<ApprovalRequired>("approval_required");
        events.MapEventType<ApprovalWaived>("approval_waived");
        events.MapEventType<UpstreamTotalReceived>("upstream_total_received");
        events.MapEventType<UpstreamTotalWithheld>("upstream_total_withheld");
        events.MapEventType<DisclosureRefused>("disclosure_refused");

        events.MapEventType<CertificateRecorded>("certificate_recorded");
        events.MapEventType<CertificateSignedAnew>("certificate_signed_anew");

        events.MapEventType<ProductFactsDeclared>("product_facts_declared");
        events.MapEventType<ExportIssued>("export_issued");

        events.MapEventType<AuditGranted>("audit_granted");
        events.MapEventType<AuditGrantRevoked>("audit_grant_revoked");
        events.MapEventType<AuditGrantUsed>("audit_grant_used");

        events.MapEventType<EventMasked>("event_masked");

        events.MapEventType<StatementIssued>("statement_issued");
        events.MapEventType<StatementWithdrawn>("statement_withdrawn");
        events.MapEventType<StatementDelivered>("statement_delivered");
    }
}
