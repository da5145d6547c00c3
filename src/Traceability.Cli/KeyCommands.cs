using System.CommandLine;
using Spectre.Console;
using Traceability.Contracts.Node.V1;

namespace Traceability.Cli;

/// <summary>`trace keys ...`.</summary>
internal static class KeyCommands
{
    public static Command Keys => new("keys", "The company's own keys. Secret parts never leave the node.")
    {
        List(),
        Rotate(),
        Revoke(),
        Show(),
        Check(),
        Recover(),
    };

    private static Verb List() => new(
        "list",
        "Lists the keys.",
        "keys list",
        async (_, session, output) =>
        {
            var answer = await Session.AllAsync(async token => await session.Keys.ListKeysAsync(
                new() { PageSize = 1000, PageToken = token }, session.Call));
            output.Show(answer, Table([.. answer.Keys]), "trace keys rotate signing");
        });

    private static Verb Rotate()
    {
        var use = new Argument<string>("use") { Description = "signing or sealing." };
        return new(
            "rotate",
            "Makes a new key, publishes it and uses it. What was made under the old one stays good.",
            "keys rotate signing",
            async (parsed, session, output) =>
            {
                var answer = await session.Keys.RotateKeyAsync(new() { Use = parsed.GetValue(use) }, session.Call);
                output.Show(answer, Table([answer.Key]), "trace keys list");
            },
            use);
    }

    private static Verb Revoke()
    {
        var key = new Argument<string>("key") { Description = "The id of a signing key." };
        var since = TypedTime.Option("--since", "Since when it was lost; otherwise now.");
        return new(
            "revoke",
            "Revokes a signing key that was lost: what was issued under it since then is not believed.",
            "keys revoke vP3n0o2sCmIc1cMWbDLp0c0xdVVyP4LCEGd4jvFpHAs --since 2026-11-24T12:00:00Z",
            async (parsed, session, output) =>
            {
                var request = new RevokeKeyRequest
                {
                    KeyId = parsed.GetValue(key),
                    RevokeTime = await session.StartAsync(parsed.GetValue(since)),
                };
                var answer = await session.Keys.RevokeKeyAsync(request, session.Call);
                output.Show(answer, Table([answer.Key]), "trace keys list");
            },
            key, since);
    }

    private static Verb Show() => new(
        "show",
        "Shows the fingerprint of the company's signing key: read it to the federation's administrator and to your "
            + "partners, over the telephone.",
        "keys show",
        async (_, session, output) =>
        {
            var answer = await Session.AllAsync(async token => await session.Keys.ListKeysAsync(
                new() { PageSize = 1000, PageToken = token }, session.Call));
            Key[] signing = [.. answer.Keys.Where(key => key.Use == "signing")];
            output.Show(
                answer,
                Output.Facts(("first", signing[0].KeyId), ("in use", signing.Last(key => key.Current).KeyId)),
                "trace keys check");
        });

    private static Verb Check() => new(
        "check",
        "Shows which keys of the company and its partners follow from the key log, who vouches for that log, and what "
            + "was found that is not as it should be.",
        "keys check",
        async (_, session, output) =>
        {
            var answer = await session.Keys.CheckKeysAsync(new(), session.Call);
            var table = Output.Rows(
                ["company", "keys", "first fingerprint", "in use since", ""],
                answer.Members.Select(member => new[]
                {
                    member.OperatorId,
                    member.Proven ? $"{member.Keys.Count} proven" : "NOT PROVEN",
                    $"{member.Fingerprint}{(member.Proven && !member.Compared ? " (not compared)" : "")}",
                    string.Join(
                        ", ", member.Keys.Where(key => key.ValidUntilTime is null)
                            .Select(key => $"{key.Use} {Output.Time(key.ValidFromTime)}")),
                    member.Reason,
                }).Concat(answer.Alarms.Select(alarm => new[]
                {
                    "ALARM", alarm.Kind, alarm.About, Output.Time(alarm.NoticeTime), "",
                })));
            output.Show(
                answer,
                table,
                answer.Alarms.Count > 0
                    ? "trace operator problems list; trace keys check --output json has the evidence"
                    : $"{answer.CountedLeaves} entries, cosigned by {answer.Cosigners.Count} members");
        });

    private static Verb Recover() => new(
        "recover",
        "Announces the signing key of this node in the place of one that was lost. Every partner is told; it counts "
            + "only days later. The administrator must have allowed it: read the fingerprint out (`trace keys show`).",
        "keys recover",
        async (_, session, output) =>
        {
            var answer = await session.Keys.RecoverKeyAsync(new(), session.Call);
            output.Show(
                answer,
                Output.Facts(("key", answer.Key.KeyId), ("counts from", Output.Time(answer.CountTime))),
                "trace keys check");
        });

    private static Table Table(Key[] keys) => Output.Rows(
        ["key", "use", ""], keys.Select(key => new[] { key.KeyId, key.Use, Standing(key) }));

    /// <summary>A revoked key is called revoked before all else, also while the node still has no other.</summary>
    internal static string Standing(Key key) => key switch
    {
        { Revoked: true } => $"revoked from {Output.Time(key.ValidUntilTime)} on" + (key.Current ? ", in use" : ""),
        { Current: true } => "in use",
        { HasRevoked: false } => "replaced, or revoked: the broker does not answer",
        _ => "replaced",
    };
}
