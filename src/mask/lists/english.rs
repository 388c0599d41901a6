//! English names, places and companies.

/// Family names, commonest first (United States census of 2010).
pub(in crate::mask) const FAMILIES: &str = "\
    Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson Thomas \
    Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King \
    Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips \
    Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper \
    Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James Bennett Gray Mendoza Ruiz \
    Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster";

/// Given names.
pub(in crate::mask) const GIVEN: &str = "\
    James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica Thomas \
    Sarah Charles Karen Daniel Lisa Matthew Nancy Anthony Betty Mark Sandra Steven Ashley Paul Emily Andrew Kimberly Joshua \
    Margaret Kevin Donna Brian Michelle George Carol Timothy Amanda Ronald Melissa Jason Deborah Edward Stephanie Ryan Rebecca \
    Jacob Laura Gary Helen Nicholas Sharon Eric Cynthia Jonathan Kathleen Stephen Amy Larry Angela Justin Anna Scott Ruth \
    Brandon Brenda Benjamin Pamela Samuel Nicole Gregory Catherine Alexander Virginia Patrick Rachel Jack Samantha Dennis \
    Christine Emma Olivia Noah Liam Sophia Mason Isabella Ethan Mia Lucas Ava Logan Grace Henry Chloe Owen";

/// Names for streets.
pub(in crate::mask) const STREETS: &str = "\
    Maple Street,Oak Avenue,Cedar Lane,Pine Street,Elm Street,Birch Road,Walnut Street,Chestnut Avenue,Willow Way,Spruce Street,\
    Lake Drive,River Road,Hill Street,Park Avenue,Meadow Lane,Sunset Drive,Highland Avenue,Church Street,Mill Road,Garden Court,\
    Orchard Road,Valley View,Forest Drive,Prairie Lane,Harbor Street";

/// Names for towns.
pub(in crate::mask) const TOWNS: &str = "\
    Springfield,Fairview,Riverside,Greenville,Bristol,Clinton,Salem,Madison,Georgetown,Arlington,Ashland,Dover,Hudson,Kingston,\
    Milton,Newport,Oxford,Burlington,Manchester,Milford,Centerville,Winchester";

/// Beginnings of company names.
pub(in crate::mask) const COMPANIES: &str = "\
    Northwind Bluebird Evergreen Silverline Cornerstone Lakeside Summit Redwood Brightway Harbor Ironwood Clearwater Sunrise Oakfield \
    Pinnacle Meridian Granite Willow Horizon Sterling Maplewood Seaside Cascade Juniper";

/// Ends of company names.
pub(in crate::mask) const TRADES: &str =
    "Trading Logistics Foods Software Design Energy Partners Systems Media Works Supply Labs";
