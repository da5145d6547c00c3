using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Traceability.Proofs.Logs;
using Xunit;
using Xunit.Abstractions;

namespace Traceability.IntegrationTests.Faults;

/// <summary>
/// Requests that nobody in their right mind would send, to every rpc of node and broker, by an
/// operator that is a member but has no business with the victim.
/// </summary>
#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class HostileRequestTests(ITestOutputHelper output) : IAsyncLifetime
#pragma warning restore CA1001
{
    private const int AtOnce = 8;
    private const string SecretName = "SENTINEL-HIDDEN-PART";
    private const string SecretFigure = "7351.246801357";

    private static readonly Marshaller<byte[]> Raw = new(
        (bytes, context) => context.Complete(bytes), context => context.PayloadAsNewBuffer());

    /// <summary>HOSTILE_REQUESTS says how many come without TLS; a hundred thousand take about two minutes.</summary>
    private static readonly int Plain =
        int.TryParse(Environment.GetEnvironmentVariable("HOSTILE_REQUESTS"), out var wanted) ? wanted : 100_000;

    /// <summary>So many more come as strangers would, over TLS.</summary>
    private const int Encrypted = 5000;

    /// <summary>What reads the whole history is asked less often: a call takes up to ten times as long as any other.</summary>
    private static readonly string[] Thorough = ["CheckReadModels", "CheckHistory"];

    /// <summary>Answers that say that nothing was done.</summary>
    private static readonly StatusCode[] Refused =
    [
        StatusCode.InvalidArgument, StatusCode.PermissionDenied, StatusCode.FailedPrecondition, StatusCode.AlreadyExists,
        StatusCode.Aborted, StatusCode.ResourceExhausted, StatusCode.Unauthenticated, StatusCode.Unimplemented,
    ];

    /// <summary>
    /// Positions, and the logs, which grow with every event: what was in them is held against their roots.
    /// </summary>
    private static readonly string[] Moving =
    [
        "traceability.exchange_cursor", "traceability.log_pending", "traceability.log_leaf", "traceability.log_node",
        "traceability.log_checkpoint", "traceability.log_witnessed",
    ];

    private readonly int _seed = Environment.TickCount;

    /// <summary>Where the time of this test goes.</summary>
    private readonly ConcurrentDictionary<string, TimeSpan> _took = new(StringComparer.Ordinal);
    private readonly PlainDoor _plain = new();
    private LiveFederation _live = null!;

    public async Task InitializeAsync()
    {
        _live = await LiveFederation.StartAsync(
            [new("victim", "shared"), new("hostile", "shared"), new("bystander", "shared")],
            new FederationSettings(CallsPerSecond: 1_000_000, StreamsPerOperator: 1000),
            minutes: 12,
            _plain);
        await _live.EnrolAsync();
    }

    [Fact]
    public async Task Nothing_crashes_nothing_leaks_and_nothing_of_others_changes()
    {
        output.WriteLine($"seed {_seed}");
        using var victim = await _live.AtWorkAsync("victim");
        using var bystander = await _live.AtWorkAsync("bystander");
        var made = await victim.RegisterAsync(SecretName, PartKind.Made);
        await victim.DeclareAsync(made, SecretFigure);
        var bought = await bystander.RegisterAsync("bought", PartKind.Bought);
        var trade = await bystander.RequestAsync(victim.Company, bought, SecretName);
        await victim.AnswerAsync(trade, made, _live.Deadline);
        await bystander.WaitForTotalAsync(bought, SecretFigure, _live.Deadline);
        // The customer has the total before the supplier has written down that it is delivered.
        await Wait.UntilAsync(
            async () => (await _live.RowsAsync(victim, "select 'waits' from traceability.outbox")).Count == 0,
            _live.Deadline);
        using var hostile = await _live.AtWorkAsync("hostile");
        string[] ids =
        [
            made, bought, trade, $"{victim.Company.OperatorId}", $"{bystander.Company.OperatorId}",
            .. await OwnIdsAsync(hostile, victim.Company),
        ];
        var before = await StateAsync(victim, bystander);
        var wrong = new ConcurrentBag<string>();
        var refused = new ConcurrentDictionary<string, byte>();
        _plain.Show(_live.Processes.CertificateOf(_live.Processes.Company("hostile").OperatorId));
        using (var node = await FederationClient.ForClerkAsync(_live.Processes, "hostile", _live.Deadline))
        using (var broker = await FederationClient.ForNodeAsync(_live.Processes, "hostile", _live.Deadline))
        using (var plainNode = FederationClient.Connect(_live.Processes, _plain.Of("node-shared"), node.Token, null))
        using (var plainBroker = FederationClient.Connect(_live.Processes, _plain.Of("broker"), broker.Token, null))
        {
            await SendAllAsync(Rpcs(plainNode, plainBroker), Enumerable.Range(0, Plain), ids, wrong, refused);
            await SendAllAsync(Rpcs(node, broker), Enumerable.Range(Plain, Encrypted), ids, wrong, refused);
        }

        output.WriteLine($"{refused.Count} of {Plain + Encrypted} refused");
        output.WriteLine(string.Join('\n', _took.OrderByDescending(rpc => rpc.Value).Take(10)));
        Assert.True(wrong.IsEmpty, string.Join("\n", wrong.Distinct().Order().Take(20)) + "\n" + Errors());
        Assert.True(refused.Count > (Plain + Encrypted) / 2, $"{refused.Count} of {Plain + Encrypted} refused");
        await NothingOfOthersChangesAsync(before, hostile, victim, bystander);
        Assert.Contains(await TracesAsync(Databases.Of(hostile)), trace => trace.StartsWith("00000000", StringComparison.Ordinal));
        string[] databases =
            [_live.Processes.BrokerDatabase, .. new[] { victim, bystander, hostile }.Select(Databases.Of)];
        foreach (var database in databases)
        {
            Assert.DoesNotContain(await TracesAsync(database), refused.ContainsKey);
        }

        foreach (var log in new[] { "broker", "node-shared" })
        {
            Assert.DoesNotContain(SecretName, _live.Processes.Log(log), StringComparison.Ordinal);
            Assert.DoesNotContain(SecretFigure, _live.Processes.Log(log), StringComparison.Ordinal);
        }
    }

    public async Task DisposeAsync()
    {
        await _live.DisposeAsync();
        _plain.Dispose();
    }

    private static (FederationClient Client, MethodDescriptor Method)[] Rpcs(
        FederationClient node, FederationClient broker)
    {
        (FederationClient Client, MethodDescriptor Method)[] rpcs =
        [
            .. Methods("traceability.node.").Select(method => (node, method)),
            .. Methods("traceability.broker.").Select(method => (broker, method)),
        ];
        Assert.True(rpcs.Length > 40, $"{rpcs.Length} rpcs");
        return rpcs;
    }

    private Task SendAllAsync(
        (FederationClient Client, MethodDescriptor Method)[] rpcs, IEnumerable<int> numbers, string[] ids,
        ConcurrentBag<string> wrong, ConcurrentDictionary<string, byte> refused) => Parallel.ForEachAsync(
            numbers.Chunk((Plain + Encrypted) / (8 * AtOnce)),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = _live.Deadline },
            async (chunk, _) =>
            {
                var random = new Random(_seed + chunk[0]);
                foreach (var number in chunk)
                {
                    var (client, method) = rpcs[number % rpcs.Length];
                    if (Thorough.Contains(method.Name) && number / rpcs.Length % 20 > 0)
                    {
                        (client, method) = rpcs[(number + 7) % rpcs.Length];
                    }

                    var trace = $"{number + 1:x32}";
                    var started = TimeProvider.System.GetTimestamp();
                    var answer = await SendAsync(client, method, trace, Bytes(method, random, ids), random);
                    _took.AddOrUpdate(
                        method.FullName,
                        _ => TimeProvider.System.GetElapsedTime(started),
                        (_, sum) => sum + TimeProvider.System.GetElapsedTime(started));
                    if (Refused.Any(status => answer.StartsWith($"{status} ", StringComparison.Ordinal)))
                    {
                        refused.TryAdd(trace, 0);
                    }

                    if (Fault(answer) is { } fault)
                    {
                        wrong.Add($"{method.FullName}: {fault}");
                    }
                }
            });

    /// <summary>What the servers say about their faults.</summary>
    private string Errors() => string.Join('\n', new[] { "broker", "node-shared" }
        .SelectMany(server => _live.Processes.Log(server).Split('\n'))
        .Where(line => line.Contains("\"LogLevel\":\"Error\"", StringComparison.Ordinal)
            && !line.Contains("InvalidProtocolBufferException", StringComparison.Ordinal)).Take(5));

    /// <summary>Parts and trades of its own in several states: requests that get past "does it exist".</summary>
    private static async Task<string[]> OwnIdsAsync(CompanyAtWork hostile, Company victim)
    {
        var (made, bought) = (
            await hostile.RegisterAsync("own", PartKind.Made), await hostile.RegisterAsync("own", PartKind.Bought));
        await hostile.DeclareAsync(made, "1");
        await hostile.ContainsAsync(made, bought, "1");
        var asked = await hostile.RequestAsync(victim, bought, "");
        var withdrawn = await hostile.RequestAsync(victim, bought, "");
        await hostile.Trades.CancelTradeAsync(new() { TradeId = withdrawn }, hostile.Call);
        return [made, bought, asked, withdrawn, $"{hostile.Company.OperatorId}"];
    }

    /// <summary>Every rpc of the contract.</summary>
    private static IEnumerable<MethodDescriptor> Methods(string package) =>
        typeof(PartServiceReflection).Assembly.GetTypes()
            .Where(type => type.Name.EndsWith("ServiceReflection", StringComparison.Ordinal))
            .Select(type => (FileDescriptor)type.GetProperty("Descriptor")!.GetValue(null)!)
            .Where(file => file.Package.StartsWith(package, StringComparison.Ordinal))
            .SelectMany(file => file.Services).SelectMany(service => service.Methods);

    private static string? Fault(string answer) =>
        answer.StartsWith("Internal", StringComparison.Ordinal) || answer.StartsWith("Unknown", StringComparison.Ordinal)
            || answer.StartsWith("Unavailable", StringComparison.Ordinal) ? answer
        : answer.Contains(SecretName, StringComparison.Ordinal) || answer.Contains(SecretFigure, StringComparison.Ordinal)
            ? $"leaks: {answer}"
        : answer.Contains("   at ", StringComparison.Ordinal) || answer.Contains("Exception", StringComparison.Ordinal)
            ? $"a stack trace: {answer}"
        : null;

    private async Task<string> SendAsync(
        FederationClient client, MethodDescriptor method, string trace, byte[] request, Random random)
    {
        // Every event keeps the trace of the call that led to it.
        Metadata headers = [.. client.Call.Headers!, new("traceparent", $"00-{trace}-00000000000000ff-00")];
        var call = client.Call.WithHeaders(headers)
            .WithDeadline(TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(2));
        var type = (method.IsClientStreaming, method.IsServerStreaming) switch
        {
            (false, false) => MethodType.Unary,
            (false, true) => MethodType.ServerStreaming,
            (true, false) => MethodType.ClientStreaming,
            _ => MethodType.DuplexStreaming,
        };
        var raw = new Method<byte[], byte[]>(type, method.Service.FullName, method.Name, Raw, Raw);
        var invoker = client.Channel.CreateCallInvoker();
        try
        {
            switch (type)
            {
                case MethodType.Unary:
                    return Text(await invoker.AsyncUnaryCall(raw, null, call, request));
                case MethodType.ServerStreaming:
                    // A watch goes on for ever: its first word is enough.
                    using (var stream = invoker.AsyncServerStreamingCall(raw, null, call, request))
                    {
                        return await FirstAsync(stream.ResponseStream);
                    }

                default:
                    using (var duplex = invoker.AsyncDuplexStreamingCall(raw, null, call))
                    {
                        for (var message = random.Next(3); message >= 0; message--)
                        {
                            await duplex.RequestStream.WriteAsync(request);
                        }

                        await duplex.RequestStream.CompleteAsync();
                        return await duplex.ResponseStream.MoveNext(_live.Deadline)
                            ? Text(duplex.ResponseStream.Current)
                            : "ended";
                    }
            }
        }
        catch (RpcException refused)
        {
            return $"{refused.StatusCode} {refused.Status.Detail} "
                + string.Join(' ', refused.Trailers.Where(entry => entry.IsBinary).Select(entry => Text(entry.ValueBytes)));
        }
        catch (OperationCanceledException)
        {
            return "quiet";
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException)
        {
            // The server has answered before everything was sent.
            return "refused early";
        }
    }

    /// <summary>The first message, if it comes soon.</summary>
    private async Task<string> FirstAsync(IAsyncStreamReader<byte[]> stream)
    {
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(_live.Deadline);
        soon.CancelAfter(TimeSpan.FromMilliseconds(10));
        try
        {
            return await stream.MoveNext(soon.Token) ? Text(stream.Current) : "ended";
        }
        catch (RpcException aborted) when (soon.IsCancellationRequested && aborted.Status.DebugException is not null)
        {
            // Not an answer, which never has an exception: the client has torn its own stream down while it was reading.
            return "quiet";
        }
    }

    private static string Text(byte[] bytes) => System.Text.Encoding.UTF8.GetString(bytes);

    private static byte[] Bytes(MethodDescriptor method, Random random, string[] ids)
    {
        var bytes = Message(method.InputType, random, ids, 0).ToByteArray();
        switch (random.Next(6))
        {
            case 0 when bytes.Length > 0:
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1 when bytes.Length > 0:
                return bytes[..random.Next(bytes.Length)];
            case 2:
                random.NextBytes(bytes);
                return bytes;
            default:
                return bytes;
        }
    }

    private static IMessage Message(MessageDescriptor type, Random random, string[] ids, int depth)
    {
        var message = type.Parser.ParseFrom([]);
        foreach (var field in type.Fields.InDeclarationOrder().Where(_ => random.Next(4) > 0))
        {
            if (field.IsMap)
            {
                var map = (System.Collections.IDictionary)field.Accessor.GetValue(message);
                for (var item = random.Next(4); item > 0; item--)
                {
                    map[Fact(random, ids)] = Words(random, ids);
                }
            }
            else if (field.IsRepeated)
            {
                var list = (System.Collections.IList)field.Accessor.GetValue(message);
                for (var item = random.Next(4); item > 0 && depth < 4; item--)
                {
                    list.Add(Value(field, random, ids, depth));
                }
            }
            else if (depth < 4)
            {
                field.Accessor.SetValue(message, Value(field, random, ids, depth));
            }
        }

        return message;
    }

    private static string Fact(Random random, string[] ids)
    {
        string[] known =
        [
            "product.model", "product.ids", "product.mass_kg", "declaration.study", "pcf.valid_until",
            "manufacturer.contact",
        ];
        return random.Next(4) > 0 ? known[random.Next(known.Length)] : Words(random, ids);
    }

    private static object Value(FieldDescriptor field, Random random, string[] ids, int depth) => field.FieldType switch
    {
        FieldType.String when field.Name.EndsWith("_id", StringComparison.Ordinal) && random.Next(4) > 0 =>
            ids[random.Next(ids.Length)],
        FieldType.String => Words(random, ids),
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Int32 => Number(random),
        FieldType.Int64 => (long)Number(random) * random.Next(),
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, random.Next(-1, 12)),
        FieldType.Message => Message(field.MessageType, random, ids, depth + 1),
        FieldType.Bytes => ByteString.CopyFrom(new byte[random.Next(100)]),
        _ => throw new InvalidOperationException($"No value for {field.FieldType}."),
    };

    private static int Number(Random random) => random.Next(6) switch
    {
        0 => int.MaxValue,
        1 => int.MinValue,
        2 => -1,
        3 => 0,
        _ => random.Next(1000),
    };

    private static string Words(Random random, string[] ids) => random.Next(13) switch
    {
        0 or 1 or 2 => ids[random.Next(ids.Length)],
        3 => Guid.CreateVersion7().ToString(),
        4 => new string('x', random.Next(3000)),
        5 => "'; drop table traceability.mt_events; --",
        6 => "\u0000\uFFFF\u202E😀",
        7 => "../../etc/passwd",
        8 => "1e400",
        9 => "999999999999999.999999999999",
        10 => "kilogram",
        11 => $"https://example.com/{(char)random.Next(1, 200)}",
        _ => "",
    };

    /// <summary>All that stands in the databases of others and in the broker's, and the roots of their logs.</summary>
    private async Task<(Dictionary<string, Rows> Rows, string[] Checkpoints)> StateAsync(params CompanyAtWork[] others)
    {
        var checkpoints = await Task.WhenAll(others.Select(LoggedAsync));
        Dictionary<string, Rows> rows = [];
        foreach (var database in others.Select(Databases.Of).Append(_live.Processes.BrokerDatabase))
        {
            rows[database] = await Rows.ReadAsync(_live.Processes, database, Moving, _live.Deadline);
        }

        return (rows, checkpoints);
    }

    /// <summary>Row by row; new is only what the hostile one may do in its own name, such as to ask for a trade.</summary>
    private async Task NothingOfOthersChangesAsync(
        (Dictionary<string, Rows> Rows, string[] Checkpoints) before, CompanyAtWork hostile,
        params CompanyAtWork[] others)
    {
        var own = (await _live.Processes.RowsAsync(
            _live.Processes.BrokerDatabase,
            "select data ->> 'tradeId' from traceability.mt_doc_trade "
            + $"where '{hostile.Company.OperatorId}' in (data ->> 'buyerId', data ->> 'supplierId') "
            + "union all select id from traceability.mt_doc_invitation "
            + $"where data ->> 'inviterId' = '{hostile.Company.OperatorId}'",
            _live.Deadline)).Concat([$"{hostile.Company.OperatorId}", hostile.Company.ClientId, "node-hostile"]).ToHashSet();
        var after = await StateAsync(others);
        foreach (var (database, rows) in before.Rows)
        {
            Assert.True(rows.Count > 20, $"{rows.Count} rows");
            var changed = rows.ChangedIn(after.Rows[database], own).ToArray();
            Assert.True(changed.Length == 0, $"{changed.Length} in {database}:\n{string.Join('\n', changed.Take(10))}");
        }

        foreach (var (company, checkpoint) in others.Zip(before.Checkpoints))
        {
            var report = await new AuditService.AuditServiceClient(company.Channel).CheckHistoryAsync(
                new() { SeenCheckpoints = { checkpoint } }, company.Call);
            Assert.Empty(report.Findings);
        }
    }

    /// <summary>The root of the log, once all that was done is in it.</summary>
    private async Task<string> LoggedAsync(CompanyAtWork company)
    {
        var checkpoint = "";
        await Wait.UntilAsync(
            async () =>
            {
                var report = await new AuditService.AuditServiceClient(company.Channel).CheckHistoryAsync(
                    new(), company.Call);
                checkpoint = report.CosignedCheckpoint;
                return report.Waiting == 0 && checkpoint.Length > 0
                    && Checkpoint.Parse(SignedNote.Parse(checkpoint).Text).Size == report.Leaves;
            },
            _live.Deadline);
        return checkpoint;
    }

    /// <summary>The traces in whose course something was stored.</summary>
    private Task<IReadOnlyList<string>> TracesAsync(string database) => _live.Processes.RowsAsync(
        database,
        "select distinct split_part(correlation_id, '-', 2) from traceability.mt_events where correlation_id <> ''",
        _live.Deadline);
}
