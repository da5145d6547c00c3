using Traceability.Domain.Audits;
using Traceability.Domain.Certificates;
using Traceability.Domain.Companies;
using Traceability.Domain.Footprints;
using Traceability.Domain.Operators;
using Traceability.Domain.Parts;
using Traceability.Domain.Products;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Domain.Trades;

namespace Traceability.Domain;

/// <summary>The streams of one kind.</summary>
/// <param name="Prefix">How their names begin, such as "part/".</param>
/// <param name="State">What their events fold to; null where nobody decides on them.</param>
/// <param name="Events">Their events, by the names they are stored under.</param>
public sealed record StreamKind(string Prefix, Type? State, IReadOnlyDictionary<string, Type> Events);

/// <summary>
/// The one table of events: which streams there are, what is stored in them, under which names, and what it leads to.
/// A stored name is for ever: renaming a class never renames history. Lines are added, never changed.
/// </summary>
public static class EventNames
{
    public static IReadOnlyList<StreamKind> Streams { get; } =
    [
        Of<Operator>(
            "operator/",
            ("operator_enrolled", typeof(OperatorEnrolled)),
            ("operator_renamed", typeof(OperatorRenamed)),
            ("operator_suspended", typeof(OperatorSuspended)),
            ("operator_reinstated", typeof(OperatorReinstated)),
            ("key_published", typeof(KeyPublished)),
            ("key_revoked", typeof(KeyRevoked)),
            ("client_certificate_revoked", typeof(ClientCertificateRevoked)),
            ("key_fingerprint_compared", typeof(KeyFingerprintCompared)),
            ("operator_listed", typeof(OperatorListed)),
            ("operator_unlisted", typeof(OperatorUnlisted))),
        Of<NumberedOperator>("number/", ("business_number_recorded", typeof(BusinessNumberRecorded))),
        Of<Acquaintance>("acquaintance/", ("partners_introduced", typeof(PartnersIntroduced))),
        Of<Invitation>(
            "invitation/",
            ("partner_invited", typeof(PartnerInvited)),
            ("invitation_accepted", typeof(InvitationAccepted))),
        Of<Part>(
            "part/",
            ("part_registered", typeof(PartRegistered)),
            ("part_retired", typeof(PartRetired))),
        Of<BillOfMaterials>(
            "bom/",
            ("bill_of_materials_declared", typeof(BillOfMaterialsDeclared)),
            ("bill_of_materials_revised", typeof(BillOfMaterialsRevised))),
        Of<Trade>(
            "trade/",
            ("trade_requested", typeof(TradeRequested)),
            ("trade_accepted", typeof(TradeAccepted)),
            ("trade_rejected", typeof(TradeRejected)),
            ("trade_cancelled", typeof(TradeCancelled)),
            ("trade_ended", typeof(TradeEnded)),
            ("event_masked", typeof(EventMasked))),
        Of<Release>(
            "release/",
            ("release_granted", typeof(ReleaseGranted)),
            ("release_revoked", typeof(ReleaseRevoked))),
        Of<Footprint>(
            "footprint/",
            ("contribution_declared", typeof(ContributionDeclared)),
            ("contribution_revised", typeof(ContributionRevised)),
            ("typed_figure_taken_back", typeof(TypedFigureTakenBack)),
            ("footprint_rolled_up", typeof(FootprintRolledUp)),
            ("footprint_proposed", typeof(FootprintProposed)),
            ("footprint_approved", typeof(FootprintApproved)),
            ("footprint_held", typeof(FootprintHeld)),
            ("approval_required", typeof(ApprovalRequired)),
            ("approval_waived", typeof(ApprovalWaived))),
        Of<Certificate>(
            "certificate/",
            ("certificate_recorded", typeof(CertificateRecorded)),
            ("certificate_signed_anew", typeof(CertificateSignedAnew)),
            ("certificate_withdrawn", typeof(CertificateWithdrawn)),
            ("certificate_expired", typeof(CertificateExpired))),
        Of<Statement>(
            "statement/",
            ("statement_issued", typeof(StatementIssued)),
            ("statement_withdrawn", typeof(StatementWithdrawn))),
        Of<Disclosure>(
            "disclosure/",
            ("statement_delivered", typeof(StatementDelivered))),
        Of<UpstreamTotal>(
            "upstream/",
            ("upstream_total_received", typeof(UpstreamTotalReceived)),
            ("upstream_total_withheld", typeof(UpstreamTotalWithheld)),
            ("disclosure_refused", typeof(DisclosureRefused))),
        Of<ProductFacts>(
            "facts/",
            ("product_facts_declared", typeof(ProductFactsDeclared))),
        Of<IssuedExport>(
            "export/",
            ("export_issued", typeof(ExportIssued))),
        Of<AuditGrant>(
            "audit_grant/",
            ("audit_granted", typeof(AuditGranted)),
            ("audit_grant_revoked", typeof(AuditGrantRevoked))),
        Of<AuditRead>(
            "audit_read/",
            ("audit_grant_used", typeof(AuditGrantUsed))),
        Of<Company>(
            "company/",
            ("time_zone_chosen", typeof(TimeZoneChosen))),
        new("decisions", null, new Dictionary<string, Type> { ["decisions_logged"] = typeof(DecisionsLogged) }),
    ];

    private static readonly Dictionary<string, Type> Types = Streams.SelectMany(stream => stream.Events).ToDictionary();

    private static readonly Dictionary<Type, string> Names = Types.ToDictionary(one => one.Value, one => one.Key);

    /// <summary>The event that is stored under a name; null for a name that this version does not know.</summary>
    public static Type? Find(string name) => Types.GetValueOrDefault(name);

    public static string NameOf<TEvent>() => NameOf(typeof(TEvent));

    public static string NameOf(Type type) => Names[type];

    /// <summary>The streams whose events fold to a state.</summary>
    public static StreamKind StreamOf<TState>()
        where TState : class, IState<TState> => Streams.Single(stream => stream.State == typeof(TState));

    private static StreamKind Of<TState>(string prefix, params (string Name, Type Type)[] events)
        where TState : class, IState<TState> =>
        new(prefix, typeof(TState), events.ToDictionary(one => one.Name, one => one.Type));
}
