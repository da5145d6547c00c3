using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Common.V1;
using Traceability.Domain;
using Traceability.Hosting;
using Traceability.Storage;

namespace Traceability.Broker.Log;

/// <summary>The broker's decisions, for those they were about.</summary>
[AllowRoles(Roles.Node, Roles.Administrator)]
internal sealed class LogServer(BrokerStore store) : LogService.LogServiceBase
{
    [AllowRoles(Roles.Node)]
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

        input.ThrowIfInvalid();
        var caller = await store.CallerAsync(context);
        return await ReadAsync(caller.OperatorId, after, size, context.CancellationToken);
    }

    private async Task<ListDecisionsResponse> ReadAsync(
        Guid supplier, long after, int size, CancellationToken cancellationToken)
    {
        await using var command = store.Source.CreateCommand($"""
            select id, message_id, trade_id, coalesce(buyer_id::text, ''), purpose, reason, decided_at
            from {EventStore.Schema}.decision where supplier_id = $1 and id > $2 order by id limit $3
            """);
        command.Parameters.AddWithValue(supplier);
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
            });
        }

        response.NextPageToken = response.Decisions.Count < size ? "" : $"{last}";
        return response;
    }

    public override async Task<ListAccessResponse> ListAccess(ListAccessRequest request, ServerCallContext context)
    {
        var administrator = context.Caller().Roles.Contains(Roles.Administrator);
        var input = new Input();
        var (size, token) = (input.PageSize(request.PageSize), input.Token(request.PageToken));
        var asked = request.OperatorId.Length > 0 || administrator
            ? input.Id("operator_id", request.OperatorId)
            : Guid.Empty;
        input.ThrowIfInvalid();
        var whose = administrator ? asked : (await store.CallerAsync(context)).OperatorId;
        if (asked != Guid.Empty && asked != whose)
        {
            throw RefusedException.NotDisclosed("Operator", "operator_id", asked);
        }

        return await AccessAsync(whose, token, size, context.CancellationToken);
    }

    /// <summary>
    /// By what the records say, in plain SQL: a second opinion on DisclosurePolicy, which is not asked here.
    /// </summary>
    private async Task<ListAccessResponse> AccessAsync(
        Guid whose, string after, int size, CancellationToken cancellationToken)
    {
        await using var command = store.Source.CreateCommand($"""
            select t.data ->> 'tradeId', t.data ->> 'supplierId', t.data ->> 'buyerId', r.data ->> 'purpose',
                (r.data ->> 'validUntil')::timestamptz,
                array(select jsonb_array_elements_text(r.data -> 'fields'))
            from {EventStore.Schema}.mt_doc_trade t
            join {EventStore.Schema}.mt_doc_release r on r.data ->> 'tradeId' = t.data ->> 'tradeId'
            join {EventStore.Schema}.mt_doc_operator s on s.data ->> 'operatorId' = t.data ->> 'supplierId'
            join {EventStore.Schema}.mt_doc_operator b on b.data ->> 'operatorId' = t.data ->> 'buyerId'
            where (t.data ->> 'supplierId' = $1 or t.data ->> 'buyerId' = $1) and t.data ->> 'tradeId' > $2
                and t.data ->> 'status' = 'Accepted'
                and not (r.data ->> 'revoked')::boolean and jsonb_array_length(r.data -> 'fields') > 0
                and coalesce((r.data ->> 'validUntil')::timestamptz > $3, true)
                and (s.data ->> 'active')::boolean and (b.data ->> 'active')::boolean
            order by 1 limit $4
            """);
        command.Parameters.AddWithValue(whose.ToString());
        command.Parameters.AddWithValue(after);
        command.Parameters.AddWithValue(store.Now);
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
