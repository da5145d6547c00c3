using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Xunit;

namespace Traceability.StandinTests;

/// <summary>Telemetry starts and ends with the host.</summary>
public class TelemetryTests
{
    [Fact]
    public async Task Spans_are_recorded_while_the_host_runs_and_exported_before_it_is_gone()
    {
        using var source = new ActivitySource($"test-{Guid.CreateVersion7()}");
        var exporter = new ListExporter();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("test-service"))
            .WithTracing(tracing => tracing
                .AddSource(source.Name)
                .AddProcessor(new SimpleActivityExportProcessor(exporter)));
        using (var host = builder.Build())
        {
            Assert.Null(source.StartActivity("early"));
            await host.StartAsync();
            source.StartActivity("seen")?.Dispose();
            await host.StopAsync();
        }

        Assert.Null(source.StartActivity("late"));
        Assert.Equal(["seen of test-service"], exporter.Spans);
    }

    private sealed class ListExporter : BaseExporter<Activity>
    {
        public List<string> Spans { get; } = [];

        public override ExportResult Export(in Batch<Activity> batch)
        {
            foreach (var activity in batch)
            {
                var service = ParentProvider.GetResource().Attributes.Single(a => a.Key == "service.name").Value;
                Spans.Add($"{activity.OperationName} of {service}");
            }

            return ExportResult.Success;
        }
    }
}
