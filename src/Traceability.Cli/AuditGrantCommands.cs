using System.CommandLine;
using Traceability.Contracts.Node.V1;

namespace Traceability.Cli;

/// <summary>What auditors of other firms may see: `trace audit grant ...`.</summary>
internal static class AuditGrantCommands
{
    public static Verb Grant()
    {
        var auditor = new Argument<string>("auditor") { Description = "The auditing firm: its operator id or name." };
        var part = new Argument<string>("part") { Description = "A made part: its trace id, number or name." };
        var until = TypedTime.Option("--until", "The last day of the grant, or when it ends.", required: true);
        var version = new Option<long>("--version") { Description = "Only this version of the total; otherwise all." };
        var bill = new Option<bool>("--with-bill-of-materials")
        {
            Description = "Show what the total is made of, too: lines, quantities, and what suppliers have sent.",
        };
        return new(
            "grant",
            "Lets the auditors of another firm see one part, or one version of its total, until a date.",
            "audit grant 0190a5c7-6d4e-7c1a-8f00-0242ac120002 module --until 2026-12-31 --with-bill-of-materials",
            async (parsed, session, output) =>
            {
                var grant = new AuditGrant
                {
                    GrantId = Guid.CreateVersion7().ToString(),
                    AuditorOperatorId = session.OperatorId(parsed.GetValue(auditor)!),
                    TraceId = await session.PartAsync(parsed.GetValue(part)!),
                    Version = parsed.GetValue(version),
                    WithBillOfMaterials = parsed.GetValue(bill),
                    ValidUntilTime = await session.EndAsync(parsed.GetValue(until)),
                };
                var granted = (await session.Audit.GrantAuditAsync(new() { Grant = grant }, session.Call)).Grant;
                output.Show(
                    granted,
                    Output.Facts(
                        ("grant", granted.GrantId),
                        ("auditor", granted.AuditorOperatorId),
                        ("part", (await session.NamesAsync([granted.TraceId]))(granted.TraceId)),
                        ("shows", Shows(granted)),
                        ("until", $"{granted.ValidUntilTime.ToDateTimeOffset():u}")),
                    $"trace audit reads shows what they read; trace audit revoke {granted.GrantId} ends it");
            },
            auditor, part, until, version, bill);
    }

    public static Verb Revoke()
    {
        var grant = new Argument<string>("grant") { Description = "The grant's id." };
        return new(
            "revoke",
            "Ends a grant at once: its auditors get the answer that strangers get.",
            "audit revoke 0190a5c7-6d4e-7c1a-8f00-0242ac120002",
            async (parsed, session, output) =>
            {
                var request = new RevokeAuditGrantRequest { GrantId = parsed.GetValue(grant)! };
                var revoked = (await session.Audit.RevokeAuditGrantAsync(request, session.Call)).Grant;
                output.Show(
                    revoked,
                    Output.Facts(("grant", revoked.GrantId), ("revoked", $"{revoked.RevokeTime.ToDateTimeOffset():u}")),
                    "trace audit reads");
            },
            grant);
    }

    public static Verb Grants()
    {
        var of = AuditCommands.Of;
        return new(
            "grants",
            "Lists what auditors of other firms may see; for such an auditor, what a company has granted.",
            "audit grants",
            async (parsed, session, output) =>
            {
                var request = new ListAuditGrantsRequest
                {
                    PageSize = 1000,
                    OperatorId = AuditCommands.Company(session, parsed.GetValue(of)),
                };
                var grants = (await Session.AllAsync(async token =>
                {
                    request.PageToken = token;
                    return await session.Audit.ListAuditGrantsAsync(request, session.Call);
                })).Grants;
                // An auditor of another firm is not told what the company calls its parts.
                var names = request.OperatorId.Length > 0
                    ? id => id
                    : await session.NamesAsync(grants.Select(grant => grant.TraceId));
                output.Show(
                    grants,
                    Output.Rows(
                        ["grant", "auditor", "part", "shows", "until", ""],
                        grants.Select(grant => new[]
                        {
                            grant.GrantId,
                            grant.AuditorOperatorId,
                            names(grant.TraceId),
                            Shows(grant),
                            $"{grant.ValidUntilTime.ToDateTimeOffset():u}",
                            Standing(grant),
                        })),
                    request.OperatorId.Length == 0
                        ? "trace audit reads"
                        : "trace audit replay PART --of COMPANY");
            },
            of);
    }

    public static Verb Reads() => new(
        "reads",
        "Lists what auditors of other firms have read, newest first.",
        "audit reads",
        async (_, session, output) =>
        {
            var reads = (await Session.AllAsync(async token => await session.Audit.ListAuditReadsAsync(
                new() { PageSize = 1000, PageToken = token }, session.Call))).Reads;
            var names = await session.NamesAsync(reads.Select(read => read.TraceId));
            output.Show(
                reads,
                Output.Rows(
                    ["when", "auditor", "part", "version", "what", "under grant"],
                    reads.Select(read => new[]
                    {
                        $"{read.ReadTime.ToDateTimeOffset():u}",
                        read.AuditorOperatorId,
                        names(read.TraceId),
                        read.Version == 0 ? "all" : $"{read.Version}",
                        read.What,
                        read.GrantId,
                    })),
                "trace audit grants");
        });

    internal static string Standing(AuditGrant grant) => grant switch
    {
        { RevokeTime: { } time } => $"revoked {Output.Time(time)}",
        { Ended: true } => "ended",
        _ => "in force",
    };

    private static string Shows(AuditGrant grant) =>
        (grant.Version == 0 ? "every version" : $"version {grant.Version}")
        + (grant.WithBillOfMaterials ? ", with the bill of materials" : ", as far as it was signed for customers");
}
