using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Common.V1;
using Traceability.Hosting;
using Traceability.Storage.Logs;

namespace Traceability.Broker.Log;

/// <summary>The broker's decisions, for those they were about.</summary>
[AllowRoles(Roles.Node, Roles.Administrator, Roles.FederationAuditor)]
internal sealed class LogServer(BrokerDatabase broker, DecisionLog decisions) : LogService.LogServiceBase
{
    [AllowRoles(Roles.Node, Roles.FederationAuditor)]
    public override async Task<ListDecisionsResponse> ListDecisions(
        ListDecisionsRequest request, ServerCallContext context)
    {
        var input = new Input();
        var size = input.PageSize(request.PageSize);
        var after = 0L;
        if (request.PageToken.Length > 0
            && !long.TryParse(request.PageToken, NumberStyles.None, CultureInfo.InvariantCulture, out after))
        {
            input.Violate("page_token", request.PageToken, "must be empty, or the next_page_token of the page before.");
        }

        var asked = OptionalOperator(input, request.OperatorId);
        input.ThrowIfInvalid();
        var auditor = context.Caller().Roles.Contains(Roles.FederationAuditor);
        var whose = auditor ? asked : await OwnAsync(context, asked);
        return await ReadAsync(whose, after, size, context.CancellationToken);
    }

    /// <summary>A buyer is told what was shown to it; what was refused to be shown is the supplier's.</summary>
    private async Task<ListDecisionsResponse> ReadAsync(
        OperatorId whose, long after, int size, CancellationToken cancellationToken)
    {
        var those = whose == default ? "$1 = $1" : "(supplier_id = $1 or (buyer_id = $1 and reason = ''))";
        await using var command = broker.Source.CreateCommand($"""
            select id, message_id, trade_id, coalesce(buyer_id::text, ''), purpose, reason, decided_at, supplier_id
            from {EventDatabases.Schema}.decision where {those} and id > $2 order by id limit $3
            """);
        command.Parameters.AddWithValue(whose.Value);
        command.Parameters.AddWithValue(after);
        command.Parameters.AddWithValue(size);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var response = new ListDecisionsResponse();
        var last = 0L;
        while (await reader.ReadAsync(cancellationToken))
        {
            last = reader.GetInt64(0);
            response.Decisions.Add(new Decision
            {
                MessageId = reader.GetGuid(1).ToString(),
                TradeId = reader.GetGuid(2).ToString(),
                BuyerOperatorId = reader.GetString(3),
                Purpose = reader.GetString(4),
                Disclosed = reader.GetString(5).Length == 0,
                Reason = reader.GetString(5),
                DecideTime = reader.GetFieldValue<DateTimeOffset>(6).ToTimestamp(),
                SupplierOperatorId = reader.GetGuid(7).ToString(),
            });
        }

        response.NextPageToken = response.Decisions.Count < size ? "" : $"{last}";
        return response;
    }

    public override async Task<ListAccessResponse> ListAccess(ListAccessRequest request, ServerCallContext context)
    {
        var ofAll = context.Caller().Roles.Intersect([Roles.Administrator, Roles.FederationAuditor]).Any();
        var input = new Input();
        var (size, token) = (input.PageSize(request.PageSize), input.Token(request.PageToken));
        var asked = ofAll
            ? input.Id<OperatorId>("operator_id", request.OperatorId)
            : OptionalOperator(input, request.OperatorId);
        input.ThrowIfInvalid();
        var whose = ofAll ? asked : await OwnAsync(context, asked);
        return await AccessAsync(whose, token, size, context.CancellationToken);
    }

    [AllowRoles(Roles.Administrator, Roles.FederationAuditor)]
    public override async Task<CheckLogResponse> CheckLog(CheckLogRequest request, ServerCallContext context)
    {
        var input = new Input();
        var seen = input.Checkpoints("seen_checkpoints", request.SeenCheckpoints);
        input.ThrowIfInvalid();
        var history = await HistoryCheck.RunAsync(broker.Source, broker.Log, seen, context.CancellationToken);
        var (count, findings) = await decisions.CheckAsync(context.CancellationToken);
        var newest = await broker.Log.CheckpointAsync(context.CancellationToken);
        return new()
        {
            Findings =
            {
                history.Findings.Concat(findings).Select(finding => new LogFinding
                {
                    What = finding.What,
                    Problem = finding.Problem,
                }),
            },
            Leaves = history.Leaves,
            Waiting = history.Waiting,
            Decisions = count,
            Checkpoint = newest?.Note ?? "",
        };
    }

    private static OperatorId OptionalOperator(Input input, string operatorId) =>
        operatorId.Length == 0 ? default : input.Id<OperatorId>("operator_id", operatorId);

    /// <summary>The caller's own operator; another one's log is nobody else's business.</summary>
    private async Task<OperatorId> OwnAsync(ServerCallContext context, OperatorId asked)
    {
        var own = (await broker.CallerAsync(context)).OperatorId;
        return asked == default || asked == own
            ? own
            : throw RefusedException.NotDisclosed("Operator", "operator_id", asked);
    }

    /// <summary>
    /// By what the records say, in plain SQL: a second opinion on DisclosurePolicy, which is not asked here.
    /// </summary>
    private async Task<ListAccessResponse> AccessAsync(
        OperatorId whose, string after, int size, CancellationToken cancellationToken)
    {
        await using var command = broker.Source.CreateCommand($"""
            select t.data ->> 'tradeId', t.data ->> 'supplierId', t.data ->> 'buyerId', r.data ->> 'purpose',
                (r.data ->> 'validUntil')::timestamptz,
                array(select jsonb_array_elements_text(r.data -> 'fields'))
            from {EventDatabases.Schema}.mt_doc_trade t
            join {EventDatabases.Schema}.mt_doc_release r on r.data ->> 'tradeId' = t.data ->> 'tradeId'
            join {EventDatabases.Schema}.mt_doc_operator s on s.data ->> 'operatorId' = t.data ->> 'supplierId'
            join {EventDatabases.Schema}.mt_doc_operator b on b.data ->> 'operatorId' = t.data ->> 'buyerId'
            where (t.data ->> 'supplierId' = $1 or t.data ->> 'buyerId' = $1) and t.data ->> 'tradeId' > $2
                and t.data ->> 'status' = 'Accepted'
                and not (r.data ->> 'revoked')::boolean and jsonb_array_length(r.data -> 'fields') > 0
                and coalesce((r.data ->> 'validUntil')::timestamptz > $3, true)
                and (s.data ->> 'active')::boolean and (b.data ->> 'active')::boolean
            order by 1 limit $4
            """);
        command.Parameters.AddWithValue(whose.ToString());
        command.Parameters.AddWithValue(after);
        command.Parameters.AddWithValue(broker.Now);
        command.Parameters.AddWithValue(size);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var response = new ListAccessResponse();
        while (await reader.ReadAsync(cancellationToken))
        {
            response.Accesses.Add(new Access
            {
                TradeId = reader.GetString(0),
                SupplierOperatorId = reader.GetString(1),
                BuyerOperatorId = reader.GetString(2),
                Purpose = reader.GetString(3),
                ValidUntilTime = reader.IsDBNull(4) ? null : reader.GetFieldValue<DateTimeOffset>(4).ToTimestamp(),
                Fields = { reader.GetFieldValue<string[]>(5).Select(System.Enum.Parse<FootprintField>) },
            });
        }

        response.NextPageToken = response.Accesses.Count < size ? "" : response.Accesses[^1].TradeId;
        return response;
    }
}
