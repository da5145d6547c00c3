using System.Net;
using System.Net.Sockets;
using System.Text;
using Traceability.Client;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Federation;
using Xunit;
using Xunit.Abstractions;

namespace Traceability.IntegrationTests.Hosting;

/// <summary>Those who are not known yet: they can be many and loud, and nobody else notices.</summary>
public sealed class BeforeTheDoorTests(CrowdedFederation federation, ITestOutputHelper output)
    : IClassFixture<CrowdedFederation>
{
    private const int Calls = 10_000;
    private const int AtOnce = 20;

    /// <summary>A tenth of what a hundred thousand may.</summary>
    private const int MostBytes = 100_000;

    private readonly LiveFederation _live = federation.Live;

    private LocalFederation Processes => _live.Processes;

    [Fact]
    public async Task Ten_thousand_wrong_secrets_lock_nobody_else_out()
    {
        var (victim, neighbour) = (Processes.Company("victim"), Processes.Company("neighbour"));
        using var here = From("127.0.0.21", victim);
        using var beside = From("127.0.0.21", neighbour);
        using var elsewhere = From("127.0.0.22", victim);
        Assert.Equal(HttpStatusCode.OK, await TokenAsync(beside, neighbour));
        var before = Bytes("broker");

        var flood = ManyAsync(() => TokenAsync(here, victim with { ClientSecret = "wrong" }));
        var neighbours = new List<HttpStatusCode>();
        while (!flood.IsCompleted)
        {
            neighbours.Add(await TokenAsync(beside, neighbour));
        }

        var answers = await flood;
        output.WriteLine(string.Join(", ", answers.CountBy(one => one)) + $"; {neighbours.Count} of the neighbour");
        Assert.Equal([HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests], answers.Distinct().Order());
        // Five for nothing, what was under way at once, and one or two as pauses end.
        Assert.InRange(answers.Count(one => one == HttpStatusCode.Unauthorized), 5, 5 + (2 * AtOnce));
        Assert.True(neighbours.Count > 10, $"{neighbours.Count}");
        Assert.All(neighbours, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(HttpStatusCode.OK, await TokenAsync(elsewhere, victim));
        Assert.Equal(HttpStatusCode.TooManyRequests, await TokenAsync(here, victim));
        Assert.InRange(Bytes("broker") - before, 1, MostBytes);
    }

    [Fact]
    public async Task Ten_thousand_calls_of_nobody_are_a_few_lines_and_whoever_is_known_goes_on()
    {
        using var known = await _live.AtWorkAsync("neighbour");
        using var here = From("127.0.0.1");
        using var elsewhere = From("127.0.0.22");
        var node = Processes.Node("neighbour");
        var before = Bytes("node-shared");

        var flood = ManyAsync(() => CallAsync(here, node, "traceability.node.v1.PartService/ListParts"));
        var calls = 0;
        while (!flood.IsCompleted)
        {
            // From the same address, and with a token: it is let in, however many are not.
            await known.Parts.ListPartsAsync(new() { PageSize = 1 }, known.Call);
            calls++;
        }

        var answers = await flood;
        var grown = Bytes("node-shared") - before;
        output.WriteLine(string.Join(", ", answers.CountBy(one => one)) + $"; {calls} of the known; {grown} bytes");
        // 16: UNAUTHENTICATED, 8: RESOURCE_EXHAUSTED.
        Assert.Equal(["16", "8"], answers.Distinct().Order(StringComparer.Ordinal));
        Assert.True(answers.Count(one => one == "8") > Calls / 2);
        Assert.True(calls > 10, $"{calls}");
        Assert.InRange(grown, 1, MostBytes);
        Assert.Equal("16", await CallAsync(elsewhere, node, "traceability.node.v1.PartService/ListParts"));

        // A token that is none is no token.
        Assert.Contains("8", await ManyAsync(
            () => CallAsync(here, node, "traceability.node.v1.PartService/ListParts", "Bearer forged"), 1000));
    }

    [Fact]
    public async Task Connections_without_end_are_closed_before_any_handshake()
    {
        var node = new Uri(Processes.Node("neighbour"));
        List<Socket> sockets = [];
        for (var number = 0; number < 3 * CrowdedFederation.Burst; number++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.23"), 0));
            sockets.Add(socket);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, node.Port, _live.Deadline);
            }
            catch (SocketException)
            {
                // Closed that fast.
            }
        }

        await Wait.UntilAsync(
            () => Task.FromResult(sockets.Count(IsClosed) >= CrowdedFederation.Burst), _live.Deadline);

        using var elsewhere = From("127.0.0.22");
        Assert.Equal("Healthy", await elsewhere.GetStringAsync(new Uri(node, "/health/live"), _live.Deadline));
        sockets.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task Nobody_is_told_which_rpcs_there_are()
    {
        using var elsewhere = From("127.0.0.22");
        foreach (var server in new[] { Processes.Broker, Processes.Node("neighbour") })
        {
            // 12: UNIMPLEMENTED.
            Assert.Equal("12", await CallAsync(
                elsewhere, server, "grpc.reflection.v1.ServerReflection/ServerReflectionInfo"));
            Assert.Equal("12", await CallAsync(
                elsewhere, server, "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"));
        }
    }

    private static bool IsClosed(Socket socket)
    {
        try
        {
            return !socket.Connected
                || (socket.Poll(0, SelectMode.SelectRead) && socket.Receive(new byte[1], SocketFlags.Peek) == 0);
        }
        catch (SocketException)
        {
            return true;
        }
    }

    /// <summary>Many calls, some at once.</summary>
    private static async Task<IReadOnlyList<T>> ManyAsync<T>(Func<Task<T>> call, int calls = Calls)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            List<T> some = [];
            for (var number = 0; number < calls / AtOnce; number++)
            {
                some.Add(await call());
            }

            return some;
        }));
        return [.. answers.SelectMany(some => some)];
    }

    /// <summary>The status of a call without a token, or with one that is none.</summary>
    private async Task<string> CallAsync(HttpClient http, string server, string method, string? authorization = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{server}/{method}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(new byte[5]),
        };
        request.Content.Headers.ContentType = new("application/grpc");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var answer = await http.SendAsync(request, _live.Deadline);
        await answer.Content.ReadAsByteArrayAsync(_live.Deadline);
        return answer.Headers.TryGetValues("grpc-status", out var status) ? status.First()
            : answer.TrailingHeaders.TryGetValues("grpc-status", out status) ? status.First() : $"{answer.StatusCode}";
    }

    private async Task<HttpStatusCode> TokenAsync(HttpClient http, Company client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{Processes.Broker}/identity/token"))
        {
            Version = HttpVersion.Version20,
            Content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = "client_credentials",
                ["client_id"] = client.ClientId,
                ["client_secret"] = client.ClientSecret,
                ["resource"] = Processes.Node("neighbour"),
            }),
        };
        using var answer = await http.SendAsync(request, _live.Deadline);
        return answer.StatusCode;
    }

    /// <summary>One who comes from a certain address.</summary>
    private HttpClient From(string address, Company? company = null)
    {
        (string Certificate, string Key)? shown = company is null ? null : Processes.CertificateOf(company.OperatorId);
        var trust = new FederationTrust(Processes.Authority, shown?.Certificate, shown?.Key);
        return new(trust.CreateHandler().From(IPAddress.Parse(address)));
    }

    private int Bytes(string server) => Encoding.UTF8.GetByteCount(Processes.Log(server));
}

/// <summary>Where little is allowed to those who are not known.</summary>
public sealed class CrowdedFederation() : ClassFederation(
    [new("victim", "shared"), new("neighbour", "shared")],
    new FederationSettings(AnonymousCallsPerSecond: 20, ConnectionsPerSecond: Burst / 10, Reflection: false))
{
    /// <summary>Connections at once.</summary>
    public const int Burst = 100;
}
