using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Traceability.Client;
using Traceability.Contracts.Broker.V1;
using Traceability.Local.Federation;

namespace Traceability.IntegrationTests.Harness;

/// <summary>Answers a call of a node, after having asked the real broker or not.</summary>
internal delegate Task<byte[]> Answer(Guid caller, string method, byte[] request, Func<byte[], Task<byte[]>> ask);

/// <summary>
/// A broker that lies: nodes know no other. It stands before the real one and passes on what it does not lie about, in
/// the name of whoever calls, and keeps all that is sealed.
/// </summary>
internal sealed class LyingBroker : IAsyncDisposable
{
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);

    private readonly LocalFederation _federation;
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<Guid, GrpcChannel> _channels = [];
    private readonly ConcurrentDictionary<Guid, Channel<byte[]>> _mail = [];
    private readonly ConcurrentDictionary<Guid, ConcurrentQueue<WatchMessagesResponse>> _delivered = [];

    private LyingBroker(LocalFederation federation, WebApplication app) => (_federation, _app) = (federation, app);

    /// <summary>What it says to calls; null: the truth.</summary>
    public Answer? Says { get; set; }

    /// <summary>What becomes of a message to somebody; null: it is delivered.</summary>
    public Func<Guid, WatchMessagesResponse, IEnumerable<WatchMessagesResponse>>? Delivers { get; set; }

    /// <summary>What it shows somebody of the key log; null: the truth.</summary>
    public Func<Guid, WatchKeyLogResponse, WatchKeyLogResponse>? Shows { get; set; }

    /// <summary>All that was sealed and went through its hands.</summary>
    public ConcurrentBag<string> Sealed { get; } = [];

    public static async Task<LyingBroker> StartAsync(LocalFederation federation, Uri address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var (certificate, key) = federation.NewCertificate(Guid.Empty);
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, address.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(FederationTrust.LoadCertificate(certificate, key));
        }));
        builder.WebHost.UseKestrelHttpsConfiguration();
        var broker = new LyingBroker(federation, builder.Build());
        broker._app.Run(broker.HandleAsync);
        await broker._app.StartAsync();
        return broker;
    }

    /// <summary>The messages that the real broker had for somebody, in order.</summary>
    public IReadOnlyList<WatchMessagesResponse> DeliveredTo(Guid recipient) =>
        [.. _delivered.GetValueOrDefault(recipient) ?? []];

    /// <summary>Delivers what nobody sent, or not now.</summary>
    public void Inject(Guid recipient, WatchMessagesResponse response) =>
        _mail[recipient].Writer.TryWrite(response.ToByteArray());

    /// <summary>It lies no more.</summary>
    public void TellTheTruth() => (Says, Delivers, Shows) = (null, null, null);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        foreach (var channel in _channels.Values)
        {
            channel.Dispose();
        }
    }

    private async Task HandleAsync(HttpContext context)
    {
        var caller = CallerOf(context);
        var method = context.Request.Path.Value!.TrimStart('/');
        context.Response.ContentType = "application/grpc";
        try
        {
            var request = await ReadAsync(context);
            if (method.EndsWith("/WatchMessages", StringComparison.Ordinal)
                || method.EndsWith("/WatchKeyLog", StringComparison.Ordinal))
            {
                await StreamAsync(context, caller, method, request);
            }
            else
            {
                Keep(method, request);
                var answer = await (Says is { } says
                    ? says(caller, method, request, bytes => AskAsync(context, caller, method, bytes))
                    : AskAsync(context, caller, method, request));
                await WriteAsync(context, answer);
            }

            context.Response.AppendTrailer("grpc-status", "0");
        }
        catch (RpcException refused)
        {
            context.Response.AppendTrailer("grpc-status", $"{(int)refused.StatusCode}");
            context.Response.AppendTrailer("grpc-message", Uri.EscapeDataString(refused.Status.Detail));
            foreach (var trailer in refused.Trailers.Where(one => one.IsBinary))
            {
                context.Response.AppendTrailer(trailer.Key, Convert.ToBase64String(trailer.ValueBytes));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The node went away.
        }
    }

    private async Task StreamAsync(HttpContext context, Guid caller, string method, byte[] request)
    {
        using var call = Invoker(caller).AsyncServerStreamingCall(
            Method(method, MethodType.ServerStreaming), null, Options(context), request);
        var mail = Channel.CreateUnbounded<byte[]>();
        var isMail = method.EndsWith("/WatchMessages", StringComparison.Ordinal);
        if (isMail)
        {
            _mail[caller] = mail;
        }

        await context.Response.StartAsync(context.RequestAborted);
        var reading = PumpAsync(caller, isMail, call.ResponseStream, mail.Writer, context.RequestAborted);
        await foreach (var message in mail.Reader.ReadAllAsync(context.RequestAborted))
        {
            await WriteAsync(context, message);
        }

        await reading;
    }

    private async Task PumpAsync(
        Guid caller, bool isMail, IAsyncStreamReader<byte[]> from, ChannelWriter<byte[]> to, CancellationToken aborted)
    {
        try
        {
            while (await from.MoveNext(aborted))
            {
                foreach (var message in isMail ? Mail(caller, from.Current) : [Shown(caller, from.Current)])
                {
                    to.TryWrite(message);
                }
            }
        }
        finally
        {
            to.TryComplete();
        }
    }

    private IEnumerable<byte[]> Mail(Guid caller, byte[] bytes)
    {
        var response = WatchMessagesResponse.Parser.ParseFrom(bytes);
        if (response.Message is null)
        {
            return [bytes];
        }

        _delivered.GetOrAdd(caller, _ => new()).Enqueue(response);
        return (Delivers?.Invoke(caller, response.Clone()) ?? [response]).Select(one => one.ToByteArray());
    }

    private byte[] Shown(Guid caller, byte[] bytes) => Shows is { } shows
        ? shows(caller, WatchKeyLogResponse.Parser.ParseFrom(bytes)).ToByteArray()
        : bytes;

    private void Keep(string method, byte[] request)
    {
        var text = method.Split('/')[1] switch
        {
            "SubmitDisclosure" => SubmitDisclosureRequest.Parser.ParseFrom(request).SealedStatement,
            "RequestTrade" => RequestTradeRequest.Parser.ParseFrom(request).SealedLetter,
            "RejectTrade" => RejectTradeRequest.Parser.ParseFrom(request).SealedLetter,
            _ => "",
        };
        if (text.Length > 0)
        {
            Sealed.Add(text);
        }
    }

    private async Task<byte[]> AskAsync(HttpContext context, Guid caller, string method, byte[] request) =>
        await Invoker(caller).AsyncUnaryCall(Method(method, MethodType.Unary), null, Options(context), request);

    private CallInvoker Invoker(Guid caller) => _channels.GetOrAdd(caller, id =>
    {
        var (certificate, key) = _federation.CertificateOf(id);
        return GrpcChannel.ForAddress(_federation.Broker, new GrpcChannelOptions
        {
            HttpHandler = new FederationTrust(_federation.Authority, certificate, key).CreateHandler(),
        });
    }).CreateCallInvoker();

    private static Method<byte[], byte[]> Method(string method, MethodType type) =>
        new(type, method.Split('/')[0], method.Split('/')[1], Bytes, Bytes);

    private static CallOptions Options(HttpContext context) => new(
        new Metadata { { "authorization", context.Request.Headers.Authorization.ToString() } },
        cancellationToken: context.RequestAborted);

    private static Guid CallerOf(HttpContext context)
    {
        var token = context.Request.Headers.Authorization.ToString().Split(' ')[^1];
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]));
        return claims.RootElement.GetProperty("operator_id").GetGuid();
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.ToArray()[5..];
    }

    private static async Task WriteAsync(HttpContext context, byte[] message)
    {
        var frame = new byte[message.Length + 5];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        await context.Response.Body.WriteAsync(frame, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
