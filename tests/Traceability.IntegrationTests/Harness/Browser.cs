using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.WebUtilities;
using Traceability.Client;
using Traceability.Local.Federation;

namespace Traceability.IntegrationTests.Harness;

/// <summary>What a browser does with the pages, without a screen: cookies, forms, redirects, and no script.</summary>
internal sealed partial class Browser : IDisposable
{
    private readonly HttpClient _http;
    private readonly CancellationToken _deadline;
    private readonly CookieContainer _cookies = new();

    public Browser(LocalFederation processes, CancellationToken deadline, string language = "en")
    {
        var handler = new FederationTrust(processes.Authority).CreateHandler();
        (handler.CookieContainer, handler.AllowAutoRedirect) = (_cookies, false);
        _http = new(handler);
        _http.DefaultRequestHeaders.AcceptLanguage.ParseAdd(language);
        (_deadline, Origin) = (deadline, processes.Broker);
    }

    /// <summary>The broker, or one of its replicas.</summary>
    public string Origin { get; set; }

    public HttpResponseMessage Last { get; private set; } = null!;

    public string Page { get; private set; } = "";

    public int CookieCount => _cookies.Count;

    public async Task GetAsync(string path) =>
        await ReadAsync(await _http.GetAsync(new Uri(new Uri(Origin), path), _deadline));

    /// <summary>Sends the first form of the page, or that of a handler, with what a person types.</summary>
    public async Task SubmitAsync(Dictionary<string, string> typed, string handler = "")
    {
        var form = Forms().First(one => handler.Length == 0 || one.Action.Contains(handler, StringComparison.Ordinal));
        foreach (var (name, value) in typed)
        {
            form.Fields[name] = value;
        }

        await PostAsync(form.Action, form.Fields);
    }

    public async Task PostAsync(string path, Dictionary<string, string> fields, params (string Name, string Value)[] headers)
    {
        using var content = new FormUrlEncodedContent(fields);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(Origin), path)) { Content = content };
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        await ReadAsync(await _http.SendAsync(request, _deadline));
    }

    /// <summary>Follows redirects as long as they stay here.</summary>
    public async Task FollowAsync()
    {
        while (Location is { } next && !next.IsAbsoluteUri)
        {
            await GetAsync(next.ToString());
        }
    }

    public Uri? Location => Last.Headers.Location;

    /// <summary>What a redirect brings to a client.</summary>
    public IReadOnlyDictionary<string, string> Answer() =>
        QueryHelpers.ParseQuery(Location!.Query).ToDictionary(one => one.Key, one => one.Value.ToString());

    public string AntiForgeryToken() => Forms()[0].Fields["__RequestVerificationToken"];

    public JsonElement Json() => JsonDocument.Parse(Page).RootElement;

    public void Dispose()
    {
        Last?.Dispose();
        _http.Dispose();
    }

    private async Task ReadAsync(HttpResponseMessage response)
    {
        Last?.Dispose();
        Last = response;
        Page = WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync(_deadline));
    }

    private List<(string Action, Dictionary<string, string> Fields)> Forms() =>
    [
        .. FormElement().Matches(Page).Select(form => (
            Attribute(form.Groups[1].Value, "action") is { Length: > 0 } action
                ? action
                : Last.RequestMessage!.RequestUri!.PathAndQuery,
            InputElement().Matches(form.Groups[2].Value).Select(input => input.Groups[1].Value)
                .Where(input => Attribute(input, "name").Length > 0)
                .ToDictionary(input => Attribute(input, "name"), input => Attribute(input, "value")))),
    ];

    private static string Attribute(string element, string name) =>
        Regex.Match(element, $"""\b{name}="([^"]*)" """.TrimEnd()).Groups[1].Value;

    [GeneratedRegex("<form([^>]*)>(.*?)</form>", RegexOptions.Singleline)]
    private static partial Regex FormElement();

    [GeneratedRegex("<input([^>]*)>")]
    private static partial Regex InputElement();
}
