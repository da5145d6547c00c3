using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Marten;
using Traceability.Contracts.Node.V1;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Traceability.Proofs.Logs;
using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Node.Keys;

/// <summary>What is believed of the keys of an operator and its partners, and what was found.</summary>
internal static class KeyReport
{
    private const int MaxAlarms = 1000;

    public static async Task<CheckKeysResponse> OfAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        var counted = op.KeyLog.Counted(op.OperatorId.Value);
        var report = new CheckKeysResponse
        {
            Checkpoint = op.KeyLog.Newest,
            VerifierKey = op.KeyLog.VerifierKey,
            CountedLeaves = counted?.Size ?? 0,
            Cosigners = { (counted?.Cosigners ?? new HashSet<Guid>()).Select(id => $"{id}").Order() },
            SealingStopped = op.SealingStopped && await ForeignKeys.AreOpenAsync(op.Database.Source, cancellationToken)
                ? "Somebody publishes keys in the name of this company."
                : "",
        };
        foreach (var member in await PartnersAsync(op, cancellationToken))
        {
            report.Members.Add(await MemberAsync(op, member, cancellationToken));
        }

        report.Alarms.AddRange((await AlarmsAsync(op, cancellationToken)).ThatFit());
        return report;
    }

    /// <summary>The operator itself, and those it trades with.</summary>
    public static async Task<IEnumerable<OperatorId>> PartnersAsync(
        HostedOperator op, CancellationToken cancellationToken)
    {
        await using var session = op.Query();
        var trades = await session.Query<Trade>().ToListAsync(cancellationToken);
        var partners = trades.SelectMany(trade => new[] { trade.BuyerId, trade.SupplierId })
            .Distinct().Where(id => id != op.OperatorId).Order();
        return partners.Prepend(op.OperatorId);
    }

    private static async Task<MemberKeys> MemberAsync(
        HostedOperator op, OperatorId member, CancellationToken cancellationToken)
    {
        var report = new MemberKeys
        {
            OperatorId = $"{member}",
            Entries = op.KeyLog.Leaves(member.Value).Count,
        };
        try
        {
            var chain = await op.KeysOfAsync(member, cancellationToken);
            var shown = await op.Broker.OperatorAsync(member, cancellationToken);
            report.Proven = true;
            report.Fingerprint = chain.Fingerprint ?? "";
            report.Compared = chain.Keys.Any(key => key.KeyId == shown.ComparedFingerprint);
            report.Keys.AddRange(chain.Keys.Select(ToWire));
        }
        catch (RefusedException refused)
        {
            report.Reason = refused.Message;
        }
        catch (Exception fault) when (fault is RpcException or HttpRequestException)
        {
            report.Reason = fault is RpcException rpc ? rpc.Status.Detail : "The broker does not answer.";
        }

        return report;
    }

    private static ProvenKey ToWire(LoggedKey key) => new()
    {
        KeyId = key.KeyId,
        Use = key.Use,
        ValidFromTime = key.ValidFrom.ToTimestamp(),
        ValidUntilTime = key.ValidUntil?.ToTimestamp(),
        Revoked = key.Revoked,
    };

    private static async Task<IReadOnlyList<KeyAlarm>> AlarmsAsync(
        HostedOperator op, CancellationToken cancellationToken)
    {
        await using var command = op.Database.Source.CreateCommand(
            $"""
            select kind, about, evidence, noticed_at from {EventDatabases.Schema}.key_alarm
            order by id limit {MaxAlarms}
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<KeyAlarm> alarms = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            alarms.Add(new()
            {
                Kind = reader.GetString(0),
                About = reader.GetString(1),
                Evidence = reader.GetString(2),
                NoticeTime = reader.GetFieldValue<DateTimeOffset>(3).ToTimestamp(),
            });
        }

        return alarms;
    }
}
