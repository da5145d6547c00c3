using System.Text.Json;
using System.Text.Json.Serialization;

namespace Traceability.Domain;

/// <summary>How events are written as JSON, in the store and wherever else they go.</summary>
public static class EventJson
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter() },
        IgnoreReadOnlyProperties = true,
    };
}
