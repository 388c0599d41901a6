//! English names, places and companies.

/// Family names, most common first (United States census of 2010).
pub(crate) const FAMILIES: &str = "\
    Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson \
    Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis \
    Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera \
    Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart \
    Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox \
    Ward Richardson Watson Brooks Chavez Wood James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders \
    Patel Myers Long Ross Foster Powell Jenkins Perry Russell Sullivan Bell Coleman Butler Henderson Barnes Fisher \
    Vasquez Simmons Romero Jordan Patterson Alexander Hamilton Graham Reynolds Griffin Wallace Moreno West Cole \
    Hayes Bryant Herrera Gibson Ellis Tran Medina Aguilar Stevens Murray Ford Castro Marshall Owens Harrison \
    Fernandez Woods Washington Kennedy Wells Vargas Henry Chen Freeman Webb Tucker Guzman Burns Crawford Olson \
    Simpson Porter Hunter Gordon Mendez Silva Shaw Snyder Mason Dixon Munoz Hunt Hicks Holmes Palmer Wagner Black \
    Robertson Boyd Rose Stone Salazar Fox Warren Mills Meyer Rice Schmidt Garza Daniels Ferguson Nichols Stephens \
    Soto Weaver Ryan Gardner Payne Grant Dunn Kelley Spencer Hawkins Arnold Pierce Hansen Peters Santos Hart \
    Bradley Knight Elliott Cunningham Duncan Armstrong Hudson Carroll Lane Riley Andrews Alvarado Ray Delgado Berry \
    Perkins Hoffman Johnston Matthews Pena Richards Contreras Willis Carpenter Lawrence Sandoval Guerrero George \
    Chapman Rios Estrada Ortega Watkins Greene Nunez Wheeler Valdez Harper Burke Larson Santiago Maldonado Morrison \
    Franklin Carlson Austin Dominguez Carr Lawson Jacobs Lynch Singh Vega Bishop Montgomery Oliver Jensen Harvey \
    Williamson Gilbert Dean Sims Espinoza Howell Wong Reid Hanson Le Fields Burton Weber Garrett Oneill Little \
    Fuller Burgess";

/// Given names.
pub(crate) const GIVEN: &str = "\
    James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph \
    Jessica Thomas Sarah Charles Karen Daniel Lisa Matthew Nancy Anthony Betty Mark Sandra Steven Ashley Paul Emily \
    Andrew Kimberly Joshua Margaret Kevin Donna Brian Michelle George Carol Timothy Amanda Ronald Melissa Jason \
    Deborah Edward Stephanie Ryan Rebecca Jacob Laura Gary Helen Nicholas Sharon Eric Cynthia Jonathan Kathleen \
    Stephen Amy Larry Angela Justin Anna Scott Ruth Brandon Brenda Benjamin Pamela Samuel Nicole Gregory Catherine \
    Alexander Virginia Patrick Rachel Jack Samantha Dennis Christine Emma Olivia Noah Liam Sophia Mason Isabella \
    Ethan Mia Lucas Ava Logan Grace Henry Chloe Owen Dorothy Julie Joyce Victoria Kelly Christina Joan Evelyn \
    Lauren Judith Megan Andrea Cheryl Hannah Jacqueline Martha Gloria Teresa Ann Sara Madison Frances Kathryn \
    Janice Jean Abigail Alice Judy Sophie Julia Doris Denise Amber Marilyn Danielle Beverly Theresa Diana Brittany \
    Natalie Marie Kayla Alexis Lori Frank Raymond Jerry Tyler Aaron Jose Adam Nathan Zachary Douglas Peter Kyle \
    Walter Harold Jeremy Carl Keith Roger Gerald Terry Sean Arthur Austin Christian Albert Joe Bryan Billy Bruce \
    Willie Jordan Dylan Alan Ralph Gabriel Roy Juan Wayne Eugene Randy Vincent Russell Elijah Louis Bobby Philip \
    Johnny Leo Oscar Hugo Isaac Caleb Luke Adrian Miles Felix Simon Theodore Jasper Silas Ezra Amelia Harper Aria \
    Ella Scarlett Nora Hazel Zoe Lily Violet Lucy Ruby Clara Eva Stella Ivy Maya Claire Naomi Elena Alina Rosa Ines \
    Priya Mei Yuna Aisha Fatima Omar Hassan Carlos Diego Mateo Luis";

/// Street names.
pub(crate) const STREETS: &str = "\
    Maple Street,Oak Avenue,Cedar Lane,Pine Street,Elm Street,Birch Road,Walnut Street,Chestnut Avenue,Willow Way,Spruce Street,\
    Lake Drive,River Road,Hill Street,Park Avenue,Meadow Lane,Sunset Drive,Highland Avenue,Church Street,Mill Road,Garden Court,\
    Orchard Road,Valley View,Forest Drive,Prairie Lane,Harbor Street,\
    Juniper Street,Aspen Court,Magnolia Avenue,Dogwood Lane,Sycamore Street,Hickory Road,Laurel Street,\
    Poplar Avenue,Linden Street,Cherry Lane,Ridge Road,Spring Street,Union Street,Bridge Street,\
    Market Street,Court Street,School Street,Station Road,Harvest Lane,Brook Road,Canyon Drive,\
    Bayview Avenue,Cliff Road,Summit Avenue,Franklin Street";

/// Town names.
pub(crate) const TOWNS: &str = "\
    Springfield,Fairview,Riverside,Greenville,Bristol,Clinton,Salem,Madison,Georgetown,Arlington,Ashland,Dover,Hudson,Kingston,\
    Milton,Newport,Oxford,Burlington,Manchester,Milford,Centerville,Winchester,\
    Lexington,Auburn,Jackson,Marion,Troy,Lebanon,Clayton,\
    Dayton,Florence,Hamilton,Lancaster,Monroe,Oakland,Plymouth,\
    Princeton,Richmond,Rochester,Somerset,Sterling,Weston";

/// First parts of company names.
pub(crate) const COMPANIES: &str = "\
    Northwind Bluebird Evergreen Silverline Cornerstone Lakeside Summit Redwood Brightway Harbor Ironwood \
    Clearwater Sunrise Oakfield Pinnacle Meridian Granite Willow Horizon Sterling Maplewood Seaside Cascade Juniper \
    Ashford Beacon Copper Drift Fairway Glenwood Hawthorn Keystone Larkspur Mosaic Orchard Prairie Quarry Riverbend \
    Thistle Westbrook";

/// Last parts of company names.
pub(crate) const TRADES: &str = "\
    Trading Logistics Foods Software Design Energy Partners Systems Media Works Supply Labs Analytics Robotics \
    Consulting Textiles Ventures Studios";
