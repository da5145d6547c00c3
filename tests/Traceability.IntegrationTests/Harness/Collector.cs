using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Traceability.IntegrationTests.Harness;

/// <summary>Takes telemetry as an OpenTelemetry collector does (OTLP over HTTP), and keeps it as it came.</summary>
public sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<byte[]> _exports = [];

    private Collector(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    /// <summary>Everything one service has sent so far. Names and text values are UTF-8 inside; the rest is not text.</summary>
    public string SentBy(string service)
    {
        var name = Encoding.UTF8.GetBytes(service);
        return string.Concat(_exports.Where(export => export.AsSpan().IndexOf(name) >= 0).Select(Encoding.Latin1.GetString));
    }

    public static async Task<Collector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var collector = new Collector(builder.Build());
        collector._app.MapPost("/v1/{signal}", collector.TakeAsync);
        await collector._app.StartAsync();
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        _exports.Enqueue(body.ToArray());
        http.Response.ContentType = "application/x-protobuf";
    }
}
