using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Hosting;
using Traceability.Storage;

namespace Traceability.Broker.Log;

/// <summary>The broker's decisions, for those they were about.</summary>
[AllowRoles(Roles.Node)]
internal sealed class LogServer(BrokerStore store) : LogService.LogServiceBase
{
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
}
